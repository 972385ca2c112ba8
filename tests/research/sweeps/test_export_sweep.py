"""A sweep as it ships: smaller, and the same matrix comes of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from compute_router.errors import InputError
from compute_router.training.outcomes.build_matrix import build_matrices
from compute_router.training.sweep.record import Record, RecordedPath, read_records, write_records
from compute_router.training.sweep.sweep_file import Sweep, read_sweep
from research.sweeps.export_sweep import arms_of, compact, export_sweep
from support.sweep_files import matrices

LARGE = "best_of_n:n=4,select=weighted,aggregate=last"
ARMS = (LARGE, "best_of_n:n=4,select=max,aggregate=last", "majority:n=2", "majority:n=4,stop=certain")
EARLY = ("majority:n=3,stop=0.8", "best_of_n:n=4,accept=0.7,select=weighted,aggregate=last")
IMPLIED = ("majority:n=2", *EARLY)


def record(problem: str, arm: str) -> Record:
    samples = 0 if arm in IMPLIED else 4
    paths = tuple(
        RecordedPath(str(i % 2), i % 2, i % 2 == 0, 30 + i, (0.123456, 0.2 * i + 0.01234), -0.123456)
        for i in range(samples)
    )
    uses = not arm.startswith("majority")
    return Record(
        problem, "m", arm, True, problem=f"The text of {problem}.", gold="0", params=10**9, seed=1,
        prm="arithmetic-checker" if uses else None, prm_params=0 if uses else None, tokens=130, prm_tokens=0,
        paths=paths,
    )  # fmt: skip


@pytest.fixture
def records() -> list[Record]:
    return [record(problem, arm) for arm in (*ARMS, *EARLY) for problem in ("sum-1", "gsm8k-test-1", "sum-2")]


def test_the_matrix_is_the_same_but_for_the_texts_of_others(records: list[Record]) -> None:
    arms = tuple(one["spec"] for one in arms_of([Sweep(records)]))
    [whole], [small] = matrices(records), matrices(compact(records), arms)
    assert set(small.arms_A) == set(whole.arms_A)
    small = small.columns(whole.arms_A)
    for name in ("accuracy_PA", "tokens_PA", "prm_tokens_PA", "right_P", "samples_P"):
        assert np.array_equal(getattr(small, name), getattr(whole, name), equal_nan=True), name
    assert whole.texts_P == ("The text of sum-1.", "The text of gsm8k-test-1.", "The text of sum-2.")
    assert small.texts_P == ("The text of sum-1.", None, "The text of sum-2.")


def test_what_another_row_answers_for_and_what_says_nothing_of_other_arms_is_left_out(
    records: list[Record],
) -> None:
    beam = replace(records[0], arm="beam:n=4,m=2")
    found = list(compact([*records, beam]))
    assert {row.arm for row in found} == {*ARMS[:2], beam.arm}
    assert all(bool(row.paths) == (row.arm != beam.arm) for row in found)
    assert {row.gold for row in found if row.problem_id == "gsm8k-test-1"} == {None}
    # Of another seed they are other samples.
    kept = list(compact([*records, replace(record("sum-1", "majority:n=2"), seed=2)]))
    assert [row.seed for row in kept if row.arm == "majority:n=2"] == [2]


def test_the_file_and_its_manifest(records: list[Record], tmp_path: Path) -> None:
    folder, out = tmp_path / "one", tmp_path / "out" / "small.jsonl"
    write_records(folder / "sweep.jsonl", records)
    with pytest.raises(InputError, match="which says how the sweep was made"):
        export_sweep([folder], out)
    (folder / "sweep.manifest.json").write_text('{"seed": 1}')
    export_sweep([folder], out)
    manifest = json.loads((tmp_path / "out" / "small.manifest.json").read_text())
    assert manifest["rows"] == len(list(read_records(out)))
    assert manifest["sweeps"] == {"one": {"seed": 1}}
    assert [one["spec"] for one in manifest["arms"]] == [*ARMS, *EARLY]
    [whole], [small] = matrices(records), build_matrices([read_sweep(out)])
    assert set(small.arms_A) == set(whole.arms_A)
    first = out.read_bytes()
    export_sweep([folder], out)
    assert out.read_bytes() == first


def test_a_sweep_that_was_exported_is_exported_again_without_a_loss(
    records: list[Record], tmp_path: Path
) -> None:
    write_records(tmp_path / "sweep.jsonl", records)
    (tmp_path / "sweep.manifest.json").write_text("{}")
    once, twice = tmp_path / "once.jsonl", tmp_path / "twice.jsonl"
    export_sweep([tmp_path], once)
    export_sweep([once], twice)
    assert once.read_bytes() == twice.read_bytes()
    assert read_sweep(once) == read_sweep(twice)


def test_samples_with_backtracking_answer_for_the_arms_that_the_manifest_lists() -> None:
    arms = [f"best_of_n:n={n},backtrack=2,select=weighted,aggregate=last" for n in (4, 2, 1)]
    rows = [replace(record(problem, LARGE), arm=arms[0]) for problem in ("sum-1", "sum-2")]
    rows += [replace(row, arm=arm, paths=()) for arm in arms[1:] for row in rows[:2]]
    found = list(compact(rows))
    assert {row.arm for row in found} == {arms[0]}
    [whole], [small] = matrices(rows), matrices(found, tuple(arms))
    assert set(small.arms_A) == set(whole.arms_A) == set(arms)
    assert np.array_equal(small.columns(arms).accuracy_PA, whole.columns(arms).accuracy_PA)
