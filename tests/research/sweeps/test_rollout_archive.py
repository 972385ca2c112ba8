"""Runs packed and unpacked: the same rows, and no problem of others' on the way."""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any

import pytest

from compute_router.errors import InputError
from compute_router.io.problem_file import read_problems
from research.sweeps.rollout_archive import pack, unpack

SECRET = "How many apples does Ann have?"
KNOWN = {"gsm8k-test-3": {"problem": SECRET, "answer": "12"}}


def row(name: str, problem: str, gold: str) -> dict[str, Any]:
    paths = [{"steps": ["So \\boxed{12}\u2028."], "tokens": [9], "logprobs": [-1.5], "answer": "12"}]
    return {"id": name, "problem": problem, "answer": "12", "gold": gold, "correct": True, "paths": paths}


def write(folder: Path, rows: list[dict[str, Any]], seed: int = 0) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"seed": seed}))
    (folder / "results.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    return folder


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    ours, theirs = row("sum-2x2-1", "Compute 5 + 7.", "12"), row("gsm8k-test-3", SECRET, "12")
    write(tmp_path / "sweep" / "greedy", [theirs, ours], seed=4)
    write(tmp_path / "sweep" / "majority", [ours], seed=4)
    write(tmp_path / "run", [ours, theirs])
    return [tmp_path / "sweep", tmp_path / "run"]


def read(folder: Path) -> dict[str, tuple[dict[str, Any], list[dict[str, Any]]]]:
    return {
        str(file.parent.relative_to(folder)): (
            json.loads((file.parent / "config.json").read_text()),
            sorted(map(json.loads, file.read_text().split("\n")[:-1]), key=lambda one: str(one["id"])),
        )
        for file in sorted(folder.rglob("results.jsonl"))
    }


def test_what_is_unpacked_is_what_was_packed(runs: list[Path], tmp_path: Path) -> None:
    archive = tmp_path / "runs.jsonl.xz"
    assert pack(runs, archive) == 5
    done = unpack(archive, tmp_path / "again", KNOWN)
    assert (done.rows, done.missing) == (5, 0)
    assert set(read(tmp_path / "again")) == {"sweep/greedy", "sweep/majority", "run"}
    for name, found in read(tmp_path / "again").items():
        assert found == read(tmp_path)[name]


def test_a_run_comes_with_the_problems_to_replay(runs: list[Path], tmp_path: Path) -> None:
    pack(runs, tmp_path / "runs.jsonl.xz")
    unpack(tmp_path / "runs.jsonl.xz", tmp_path / "again", KNOWN)
    problems = read_problems(str(tmp_path / "again" / "run" / "problems.jsonl"))
    assert [(one.id, one.text, one.gold) for one in problems] == [
        ("gsm8k-test-3", SECRET, "12"),
        ("sum-2x2-1", "Compute 5 + 7.", "12"),
    ]


def test_problems_of_others_are_in_it_by_id_alone(runs: list[Path], tmp_path: Path) -> None:
    archive = tmp_path / "runs.jsonl.xz"
    pack(runs, archive)
    text = lzma.decompress(archive.read_bytes()).decode()
    assert SECRET not in text
    assert "Compute 5 + 7." in text
    done = unpack(archive, tmp_path / "again", {})
    assert (done.rows, done.missing) == (3, 2)


def test_the_same_rows_are_the_same_bytes(runs: list[Path], tmp_path: Path) -> None:
    pack(runs, tmp_path / "a.xz")
    results = runs[1] / "results.jsonl"
    results.write_text("".join(reversed(results.read_text().splitlines(keepends=True))))
    pack(runs, tmp_path / "b.xz")
    assert (tmp_path / "a.xz").read_bytes() == (tmp_path / "b.xz").read_bytes()


def test_what_cannot_be_packed_or_unpacked_is_one_clear_error(runs: list[Path], tmp_path: Path) -> None:
    archive = tmp_path / "runs.jsonl.xz"
    with pytest.raises(InputError, match="two runs are called run"):
        pack([runs[1], write(tmp_path / "other" / "run", [])], archive)
    pack(runs, archive)
    unpack(archive, tmp_path / "again", KNOWN)
    with pytest.raises(InputError, match="is there already"):
        unpack(archive, tmp_path / "again", KNOWN)
    for content in (b"", b"nothing", archive.read_bytes()[:-9], lzma.compress(b"{")):
        (tmp_path / "bad.xz").write_bytes(content)
        with pytest.raises(InputError, match="is no archive of runs"):
            unpack(tmp_path / "bad.xz", tmp_path / "never", KNOWN)
    (runs[1] / "results.jsonl").write_text('{"id": "x"}\n')
    with pytest.raises(InputError, match=r"results.jsonl line 1 is no row"):
        pack(runs, archive)


@pytest.mark.parametrize("name", ["../out", "/tmp/out", "a/../../b"])
def test_no_run_lands_outside(name: str, tmp_path: Path) -> None:
    lines = json.dumps({"run": name, "config": {}}) + "\n"
    (tmp_path / "evil.xz").write_bytes(lzma.compress(lines.encode()))
    with pytest.raises(InputError, match="outside"):
        unpack(tmp_path / "evil.xz", tmp_path / "in", KNOWN)


def test_a_row_before_any_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "odd.xz").write_bytes(lzma.compress(json.dumps(row("sum-1", "p", "1")).encode() + b"\n"))
    with pytest.raises(InputError, match="does not begin with a run"):
        unpack(tmp_path / "odd.xz", tmp_path / "in", KNOWN)
