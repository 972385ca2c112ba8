"""Graded answers of one policy model, from whatever a user has: what `compute-router calibrate` reads.

- a run directory: its plain samples (best_of_n, majority: every path is graded) and greedy solutions;
- a sweep file (compute_router.training.sweep.record): the same of the rows of this policy model;
- JSONL or CSV rows with `problem` or `question`, and `n` and `n_correct`, or `correct` for a single answer;
  rows that name another `policy_model` are left out.
"""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError, model_validator

from compute_router.difficulty import names
from compute_router.difficulty.json_file import first_fault
from compute_router.errors import InputError
from compute_router.grading import Grader
from compute_router.policies import Greedy
from compute_router.training.difficulty.corpus import identity
from compute_router.training.sweep.implied_arms import has_plain_samples, plain_sampler_of, strategy_of
from compute_router.training.sweep.record import Record, read_records

__all__ = ["Answered", "read_graded"]

RESULTS, CONFIG = "results.jsonl", "config.json"


@dataclass(frozen=True, slots=True)
class Answered:
    """`problem` was answered `n` times, at least once, and `n_correct` times rightly."""

    problem: str
    n: int
    n_correct: int


class _Row(BaseModel):
    """As people write it; a CSV cell is text."""

    model_config = ConfigDict(frozen=True)

    problem: str = Field(min_length=1, validation_alias=AliasChoices("problem", "question"))
    policy_model: str | None = None
    n: Annotated[int, Field(ge=1)] | None = None
    n_correct: Annotated[int, Field(ge=0)] | None = None
    correct: bool | None = None

    @model_validator(mode="after")
    def _counted(self) -> _Row:
        if (self.n is None) != (self.n_correct is None):
            raise ValueError("n and n_correct belong together")
        if (self.n is None) == (self.correct is None):
            raise ValueError("n and n_correct, or correct, are needed")
        if self.n is not None and self.n_correct is not None and self.n_correct > self.n:
            raise ValueError("n_correct exceeds n")
        return self

    @property
    def answered(self) -> Answered:
        if self.n is not None and self.n_correct is not None:
            return Answered(self.problem, self.n, self.n_correct)
        return Answered(self.problem, 1, int(self.correct is True))


def read_graded(source: Path, policy_model: str) -> list[Answered]:
    """One a problem, in the order of the file. Of a sweep's rows that hold the same samples the largest
    counts; rows of people's own add up. Raises InputError: nothing usable there, or what is wrong, and
    where."""
    if source.is_dir():
        found = _largest(_run(source, policy_model))
        what = "no plain samples (greedy, majority or best_of_n) of problems with a reference answer"
    elif _is_sweep(source):
        found = _largest(_sweep(source, policy_model))
        what = f"no graded plain samples of {policy_model} on problems with a text"
    else:
        found = _added(row.answered for row in _rows(source) if _same(row.policy_model, policy_model))
        what = f"no graded answers of {policy_model}"
    if not found:
        raise InputError(f"{source} holds {what}.")
    return found


def _same(name: str | None, policy_model: str) -> bool:
    return name is None or names.key(name) == names.key(policy_model)


def _largest(answers: Iterator[Answered]) -> list[Answered]:
    best: dict[str, Answered] = {}
    for one in answers:
        name = identity(one.problem)
        if name not in best or one.n > best[name].n:
            best[name] = one
    return list(best.values())


def _added(answers: Iterator[Answered]) -> list[Answered]:
    total: dict[str, Answered] = {}
    for one in answers:
        name = identity(one.problem)
        old = total.get(name, Answered(one.problem, 0, 0))
        total[name] = Answered(old.problem, old.n + one.n, old.n_correct + one.n_correct)
    return list(total.values())


def _sweep(path: Path, policy_model: str) -> Iterator[Answered]:
    for record in read_records(path):
        if _same(record.policy_model, policy_model) and record.problem is not None:
            yield from _recorded(record, record.problem)


def _recorded(record: Record, problem: str) -> Iterator[Answered]:
    if has_plain_samples(record):
        yield Answered(problem, len(record.paths), sum(path.correct is True for path in record.paths))
    elif isinstance(strategy_of(record.arm), Greedy) and record.correct is not None:
        yield Answered(problem, 1, int(record.correct))


def _run(folder: Path, policy_model: str) -> Iterator[Answered]:
    config, results = folder / CONFIG, folder / RESULTS
    model = _object(_text(config), str(config)).get("policy_model")
    name = model.get("name") if isinstance(model, dict) else None
    if not isinstance(name, str):
        raise InputError(f"{config} names no policy model: {folder} is no run directory.")
    if not _same(name, policy_model):
        raise InputError(f"{folder} is a run of {name}, not of {policy_model}.")
    rows = [(place, _object(line, place)) for place, line in _lines(results)]
    # The rows that were graded, in one event loop: worker processes belong to it.
    with Grader() as grader:
        yield from asyncio.run(_graded(rows, grader))


async def _graded(rows: list[tuple[str, dict[str, Any]]], grader: Grader) -> list[Answered]:
    found = []
    for place, row in rows:
        try:
            gold, decision, paths = row["gold"], row["decision"], row["paths"]
            if row["error"] is not None or gold is None or decision is None:
                continue
            strategy = decision["strategy"]
            if plain_sampler_of(strategy) is not None and row["rerouted"] is None:
                right = [await grader.correct(gold, path["answer"]) for path in paths]
            elif isinstance(strategy_of(strategy), Greedy):
                right = [row["correct"] is True]
            else:
                continue
            if right:
                found.append(Answered(row["problem"], len(right), sum(right)))
        except (KeyError, TypeError) as error:
            raise InputError(f"{place}: no row of a run ({error}).") from error
    return found


def _is_sweep(path: Path) -> bool:
    """By its first row: only a record names both its arm and its problem."""
    if path.suffix.lower() == ".csv":
        return False
    _, line = next(_lines(path), ("", "{}"))
    try:
        row = json.loads(line)
    except ValueError:
        return False
    return isinstance(row, dict) and {"arm", "problem_id"} <= row.keys()


def _rows(path: Path) -> Iterator[_Row]:
    given = _csv(path) if path.suffix.lower() == ".csv" else ((p, _object(t, p)) for p, t in _lines(path))
    for place, fields in given:
        try:
            yield _Row.model_validate(fields)
        except ValidationError as error:
            raise InputError(f"{place}: {first_fault(error)}") from error


def _csv(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    reader = csv.DictReader(StringIO(_text(path), newline=""), strict=True)
    try:
        for fields in reader:
            if None in fields:
                raise InputError(f"{path} line {reader.line_num}: more cells than the header has.")
            yield f"{path} line {reader.line_num}", {key: cell for key, cell in fields.items() if cell}
    except csv.Error as error:
        raise InputError(f"{path} line {reader.reader.line_num}: not valid CSV: {error}.") from error


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(_text(path).split("\n"), 1):
        if line.strip():
            yield f"{path} line {number}", line


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 (byte {error.start}).") from error


def _object(text: str, place: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{place}: not valid JSON: {error}.") from error
    if not isinstance(value, dict):
        raise InputError(f"{place}: an object is needed.")
    return value
