"""Rows of a sweep: written, read, described by their schema, and refused where they are none."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from compute_router.training.sweep.record import (
    Record,
    RecordedPath,
    RecordError,
    read_records,
    schema,
    write_records,
)
from support.places import ROOT

SCHEMA = json.loads((ROOT / "configs/sweep.schema.json").read_text("utf-8"))

FULL = Record(
    "p \u2028",
    "tiny",
    "majority:n=2",
    True,
    problem="What is 1 + 1?",
    gold="2",
    level=1,
    params=1000,
    seed=3,
    answer="2",
    tokens=20,
    prompt_tokens=5,
    cached_tokens=0,
    prm_tokens=0,
    seconds=0.5,
    paths=(RecordedPath("2", 0, True, 10, (0.5, 1.0), -0.25), RecordedPath(None, None)),
    source="here",
    versions={"engine": "1"},
)
BARE = Record("q", "tiny", "an arm of theirs", None)


def test_rows_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "sweep.jsonl"
    assert write_records(path, [FULL, BARE]) == 2
    assert list(read_records(path)) == [FULL, BARE]
    for line in path.read_text("utf-8").rstrip("\n").split("\n"):
        jsonschema.validate(json.loads(line), SCHEMA)


def test_the_schema_that_ships_is_the_one_of_the_code() -> None:
    assert schema() == SCHEMA


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ('{"problem_id": "p"', "EOF"),
        ('{"problem_id": "p", "policy_model": "m", "arm": "greedy"}', "correct"),
        (
            '{"problem_id": "p", "policy_model": "m", "arm": "greedy", "correct": true, "tokens": -1}',
            "tokens",
        ),
        ('{"problem_id": "p", "policy_model": "m", "arm": "greedy", "correct": true, "more": 1}', "more"),
        ("[]", "object"),
    ],
)
def test_a_line_that_is_no_row_is_named(tmp_path: Path, line: str, what: str) -> None:
    path = tmp_path / "sweep.jsonl"
    write_records(path, [FULL])
    with path.open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    with pytest.raises(RecordError, match=rf"sweep.jsonl line 3 is no sweep record: .*{what}"):
        list(read_records(path))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"none.jsonl cannot be read: No such file"):
        list(read_records(tmp_path / "none.jsonl"))


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "sweep.jsonl"
    write_records(path, [FULL])

    def broken() -> Record:
        raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        write_records(path, (row() if callable(row) else row for row in (BARE, broken)))
    assert list(read_records(path)) == [FULL]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "path", sorted((ROOT / "research/data/sweeps").glob("*.jsonl")), ids=lambda path: path.stem
)
def test_a_sweep_that_ships_is_made_of_such_rows(path: Path) -> None:
    from hashlib import sha256

    rows = list(read_records(path))
    manifest = json.loads(path.with_suffix(".manifest.json").read_text("utf-8"))
    assert (manifest["rows"], manifest["sha256"]) == (len(rows), sha256(path.read_bytes()).hexdigest())
    # Of other people's problems the id and nothing else.
    for row in rows:
        assert (row.problem is not None) is (row.gold is not None) is row.problem_id.startswith("sum-")
