"""REBASE: a folder of answer_q{id}.json, each `{id, question, model_answer, ground_truth_answer,
total_tokens}`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from compute_router.training.importers.arm_names import named
from compute_router.training.importers.damage import Damage, Notes
from compute_router.training.importers.lines import Row, objects
from compute_router.training.importers.log_row import LogPath, LogRow
from compute_router.training.importers.values import count_of, gold_of, scores_of, text_of

__all__ = ["FILE", "read", "recognise"]

FILE = re.compile(r"answer_q(\d+)\.json")


def recognise(row: Row) -> bool:
    return isinstance(row.get("model_answer"), list) and "question" in row


def read(path: Path, notes: Notes) -> Iterator[LogRow]:
    """The rows of a folder, or of one file."""
    files = [path] if path.is_file() else [file for file in path.iterdir() if FILE.fullmatch(file.name)]
    numbers = {int(found[1]) for file in files if (found := FILE.fullmatch(file.name))}
    if path.is_dir() and numbers:
        missing = max(numbers) + 1 - min(min(numbers), 1) - len(numbers)
        notes.add(Damage.INTERRUPTED, f"{len(numbers)} files up to answer_q{max(numbers)}.json", missing)
    for file in sorted(files, key=lambda file: (len(file.name), file.name)):
        for place, row in objects(file, notes):
            if not recognise(row) or not isinstance(row["question"], str):
                notes.drop(Damage.WRONG_TYPE, place)
            elif paths := _paths(row, notes, place):
                yield _row(row, paths, place)
            else:
                notes.drop(Damage.NO_ANSWER, place)


def _row(row: Row, paths: tuple[LogPath, ...], place: str) -> LogRow:
    arm = named(f"rebase:n={len(paths)}")
    return LogRow(
        place=place,
        problem_id=text_of(row.get("id")),
        policy_model=None,
        arm=arm.name,
        problem=row["question"],
        gold=gold_of(row.get("ground_truth_answer")),
        paths=paths,
        select=arm.select,
        aggregate=arm.aggregate,
        candidates=arm.candidates,
        tokens=count_of(row.get("total_tokens")),
    )


def _paths(row: Row, notes: Notes, place: str) -> tuple[LogPath, ...]:
    found = []
    for answer in row["model_answer"]:
        if isinstance(answer, dict) and isinstance(answer.get("text"), str):
            scores = scores_of(answer.get("step_scores"), notes, place)
            found.append(LogPath(text=answer["text"], scores=scores))
        else:
            notes.add(Damage.WRONG_TYPE, place)
    return tuple(found)
