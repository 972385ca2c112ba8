"""compute-optimal-tts: `{task}_{method}/{policy}/{prm}/{depth}_{width}_{num_seq}/question_i/record_j.jsonl`.

width 1                          N records are N samples: best-of-n
width N, num_seq N/M             a beam search of M children; several records are repeats
width M, num_seq 1, k records    DVTS of k subtrees: N = kM
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from compute_router.training.importers.arm_names import Arm, sampled, tree
from compute_router.training.importers.damage import Damage, Notes
from compute_router.training.importers.lines import Row, objects
from compute_router.training.importers.log_row import LogPath, LogRow
from compute_router.training.importers.outputs import model_in, outputs, reward_model_in, total_tokens
from compute_router.training.importers.values import gold_of, text_of

__all__ = ["SHAPE", "TASK_SIZES", "read"]

SHAPE = re.compile(r"(\d+)_(\d+)_(\d+)")
TASK_SIZES: Mapping[str, int] = {"MATH": 500, "AIME24": 30, "AMC23": 40}
"""Questions of its tasks."""


class _Run(NamedTuple):
    folder: Path
    config: Row
    width: int
    sequences: int
    method: str
    task: str | None


class _Record(NamedTuple):
    place: str
    row: Row


def read(folder: Path, notes: Notes) -> Iterator[LogRow]:
    """The rows of one run: the folder that holds question_0, question_1, ..."""
    run = _run(folder, notes)
    questions: dict[int, list[_Record]] = {}
    for inner in folder.glob("question_*"):
        if inner.is_dir() and inner.name[9:].isdigit():
            questions[int(inner.name[9:])] = _records(inner, notes)
    if not questions and (folder / "avg_result.json").exists():
        notes.add(Damage.NO_RECORDS, folder.name)
        return
    there = {number: records for number, records in questions.items() if records}
    for number in sorted(questions.keys() - there.keys()):
        notes.add(Damage.EMPTY, f"question_{number}")
    whole = max(TASK_SIZES.get(run.task or "", 0), max(questions, default=-1) + 1)
    notes.add(Damage.INTERRUPTED, f"{len(questions)} of {whole} questions", whole - len(questions))
    usual = Counter(len(records) for records in there.values()).most_common(1)
    for number in sorted(there):
        yield from _rows(run, number, there[number], usual[0][0], notes)


def _run(folder: Path, notes: Notes) -> _Run:
    config: Row = {}
    if (folder / "config.json").exists():
        silent = Notes()  # a config is no row
        config = next((row for _, row in objects(folder / "config.json", silent)), {})
        for kind, count in silent.counts.items():
            notes.add(kind, "config.json", count)
    inner = config.get("method_config")
    shape = SHAPE.fullmatch(folder.name)
    width, sequences = (int(shape[2]), int(shape[3])) if shape else (0, 1)
    if not shape and isinstance(inner, dict):
        stated = inner.get("tree_max_width")
        width = stated if isinstance(stated, int) else 0
    names = [parent.name for parent in folder.parents]
    title = names[2] if len(names) > 2 else ""
    task = inner.get("task_name") if isinstance(inner, dict) else None
    task = task if isinstance(task, str) else title.partition("_")[0] or None
    method = text_of(config.get("method")) or title.removeprefix(f"{task}_") or "search"
    return _Run(folder, config, width, sequences, method, task)


def _records(folder: Path, notes: Notes) -> list[_Record]:
    """The readable records of one question, in the order of their numbers; copies are left out."""
    found: list[_Record] = []
    for file in sorted(folder.glob("record_*.jsonl"), key=lambda file: (len(file.name), file.name)):
        for place, row in objects(file, notes):
            where = f"{folder.name}/{place}"
            if not isinstance(row.get("question"), str) or not isinstance(row.get("output"), list):
                notes.drop(Damage.WRONG_TYPE, where)
            elif any(row == other.row for other in found):
                notes.drop(Damage.DUPLICATE, where)
            elif not row["output"]:
                notes.drop(Damage.NO_ANSWER, where)
            else:
                found.append(_Record(where, row))
    return found


def _rows(run: _Run, number: int, records: list[_Record], usual: int, notes: Notes) -> Iterator[LogRow]:
    paths = [outputs(record.row, notes, record.place) for record in records]
    flat = tuple(path for some in paths for path in some)
    if len(records) != usual:
        notes.add(Damage.UNEVEN, f"question_{number}")
    scored = any(path.scores for path in flat)
    if run.method in ("best_of_n", "cot") or run.width == 1:
        notes.joined += len(records) - 1
        yield _row(run, records, flat, sampled(len(flat), scored=scored))
    elif "beam" in run.method or "dvts" in run.method:
        if run.sequences == 1 and usual > 1:
            if len(records) < usual:
                notes.dropped[Damage.UNEVEN] += len(records)  # a subtree is missing
                return
            notes.joined += usual - 1
            arm = tree("dvts", usual * run.width, run.width, _own_name(run))
            yield _row(run, records[:usual], tuple(p for some in paths[:usual] for p in some), arm)
        else:
            arm = tree("beam", run.width, max(1, run.width // run.sequences), _own_name(run))
            for record, some in zip(records, paths, strict=True):
                yield _row(run, [record], some, arm)
    else:
        for record, some in zip(records, paths, strict=True):
            yield _row(run, [record], some, Arm(_own_name(run), "weighted" if scored else "vote"))


def _own_name(run: _Run) -> str:
    return f"{run.method}_{run.folder.name}"


def _row(run: _Run, records: list[_Record], paths: tuple[LogPath, ...], arm: Arm) -> LogRow:
    counts = [total_tokens(record.row) for record in records]
    known = [count for count in counts if count is not None]
    first = records[0].row
    inner = [parent.name for parent in run.folder.parents]
    shaped = SHAPE.fullmatch(run.folder.name) is not None and len(inner) > 1
    return LogRow(
        place=records[0].place,
        problem_id=None,
        policy_model=model_in(run.config) or (inner[1] if shaped else None),
        arm=arm.name,
        problem=text_of(first["question"]),
        gold=gold_of(first.get("groundtruth")),
        prm=reward_model_in(run.config) or (inner[0] if shaped else None),
        paths=paths,
        select=arm.select,
        aggregate=arm.aggregate,
        candidates=arm.candidates,
        tokens=sum(known) if len(known) == len(counts) else None,
    )
