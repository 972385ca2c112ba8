"""Anybody's CSV or JSONL: one row an arm and a problem, or one row a problem with lists of samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from compute_router.training.importers.arm_names import Arm, named, sampled
from compute_router.training.importers.columns import Columns, columns_of
from compute_router.training.importers.damage import Damage, Notes
from compute_router.training.importers.lines import Row, objects
from compute_router.training.importers.log_row import LogPath, LogRow
from compute_router.training.importers.values import (
    answer_of,
    count_of,
    gold_of,
    level_of,
    number_of,
    scores_of,
    seed_of,
    text_of,
    truth_of,
)

__all__ = ["read", "recognise"]


def recognise(row: Row) -> bool:
    columns = columns_of(row)
    return (columns.has("problem") or columns.has("problem_id")) and (
        columns.has("correct") or columns.has("text") or columns.has("answer")
    )


def read(path: Path, notes: Notes, told: Mapping[str, str] | None = None) -> Iterator[LogRow]:
    """The rows of one file. Raises InputError where `told` names a column that is not there."""
    rows = list(objects(path, notes))
    columns = columns_of(dict.fromkeys(name for _, row in rows for name in row), told if rows else None)
    for place, row in rows:
        found = _row(row, columns, path.stem, notes, place)
        if found is not None:
            yield found


def _row(row: Row, columns: Columns, stem: str, notes: Notes, place: str) -> LogRow | None:
    problem, identity = text_of(columns.get(row, "problem")), text_of(columns.get(row, "problem_id"))
    if problem is None and identity is None:
        notes.drop(Damage.NO_PROBLEM, place)
        return None
    _check_types(row, columns, notes, place)
    paths = _paths(row, columns, notes, place)
    text, answer = columns.get(row, "text"), columns.get(row, "answer")
    said = text_of(columns.get(row, "arm"))
    arm = named(said) if said else _unnamed(paths, stem)
    kept = paths if _holds_all(arm, paths) else ()
    seconds, milliseconds = (number_of(columns.get(row, key)) for key in ("seconds", "milliseconds"))
    seconds = milliseconds / 1000 if seconds is None and milliseconds is not None else seconds
    return LogRow(
        place=place,
        problem_id=identity,
        policy_model=text_of(columns.get(row, "policy_model")),
        named=columns.has("policy_model"),
        arm=arm.name,
        problem=problem,
        gold=gold_of(columns.get(row, "gold")),
        level=level_of(columns.get(row, "level")),
        params=count_of(columns.get(row, "params")),
        prm=text_of(columns.get(row, "prm")),
        seed=seed_of(columns.get(row, "seed")),
        paths=kept,
        select=arm.select,
        aggregate=arm.aggregate,
        candidates=arm.candidates,
        text=text if isinstance(text, str) and not kept else None,
        answer=answer_of(answer),
        correct=truth_of(columns.get(row, "correct")),
        tokens=count_of(columns.get(row, "tokens")),
        prompt_tokens=count_of(columns.get(row, "prompt_tokens")),
        prm_tokens=count_of(columns.get(row, "prm_tokens")),
        seconds=seconds if seconds is not None and seconds >= 0 else None,
    )


def _check_types(row: Row, columns: Columns, notes: Notes, place: str) -> None:
    """Counts the values that are there and tell nothing."""
    for field, read_ in (("correct", truth_of), ("level", level_of), ("tokens", number_of)):
        value = columns.get(row, field)
        if value not in (None, "") and not isinstance(value, list) and read_(value) is None:
            notes.add(Damage.WRONG_TYPE, f"{place}, {columns.column_of[field]}")


def _unnamed(paths: tuple[LogPath, ...], stem: str) -> Arm:
    """Samples without an arm are sampling; a row without either is the file's own arm."""
    return sampled(len(paths), scored=any(path.scores for path in paths)) if paths else Arm(stem)


def _holds_all(arm: Arm, paths: tuple[LogPath, ...]) -> bool:
    """Whether these are what the arm produced, and not only the solution that it settled on."""
    if len(paths) != 1:
        return True
    return arm.name in ("greedy", "majority:n=1") or arm.name.startswith("best_of_n:n=1,")


def _paths(row: Row, columns: Columns, notes: Notes, place: str) -> tuple[LogPath, ...]:
    """The samples of a row: lists of texts, answers, correctness, scores and tokens, whichever are there."""
    values = {field: columns.get(row, field) for field in ("text", "answer", "correct", "scores", "tokens")}
    lists = {field: value for field, value in values.items() if isinstance(value, list)}
    sizes = {len(value) for field, value in lists.items() if field in ("text", "answer", "correct")}
    if not sizes:
        text = values["text"]
        if not isinstance(text, str):
            return ()
        sizes, lists = {1}, {"text": [text]}
        if isinstance(values["scores"], list):
            lists["scores"] = [values["scores"]]
    if len(sizes) > 1:
        notes.add(Damage.WRONG_TYPE, place)
        return ()
    n = sizes.pop()

    def at(field: str, i: int) -> Any:
        listed = lists.get(field)
        return listed[i] if listed is not None and len(listed) == n else None

    found = []
    for i in range(n):
        text = at("text", i)
        if text is not None and not isinstance(text, str):
            notes.add(Damage.WRONG_TYPE, place)
            text = None
        found.append(
            LogPath(
                text=text,
                answer=answer_of(at("answer", i)),
                correct=truth_of(at("correct", i)),
                tokens=count_of(at("tokens", i)),
                scores=scores_of(at("scores", i), notes, place),
            )
        )
    return tuple(found)
