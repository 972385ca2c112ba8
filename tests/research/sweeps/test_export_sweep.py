"""A sweep as it ships: smaller, and the same grid comes of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from compute_router.errors import InputError
from compute_router.training.outcomes.build_matrix import grids
from compute_router.training.sweep.record import Record, SweptPath, read_records, write_records
from research.sweeps.export_sweep import compact, export_sweep

LARGE = "best_of_n:n=4,select=weighted,aggregate=last"
ARMS = (LARGE, "best_of_n:n=4,select=max,aggregate=last", "majority:n=2", "majority:n=4,stop=certain")
EARLY = ("majority:n=3,stop=0.8", "best_of_n:n=4,accept=0.7,select=weighted,aggregate=last")
IMPLIED = ("majority:n=2", *EARLY)


def record(problem: str, arm: str) -> Record:
    samples = 0 if arm in IMPLIED else 4
    paths = tuple(
        SweptPath(str(i % 2), i % 2, i % 2 == 0, 30 + i, (0.123456, 0.2 * i + 0.01234), -0.123456)
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


def test_the_grid_is_the_same_but_for_the_texts_of_others(records: list[Record]) -> None:
    [whole], [small] = grids(records), grids(compact(records))
    assert set(small.arms_A) == set(whole.arms_A)
    small = small.columns(whole.arms_A)
    for name in ("accuracy_PA", "tokens_PA", "prm_tokens_PA", "right_P", "samples_P"):
        assert np.array_equal(getattr(small, name), getattr(whole, name), equal_nan=True), name
    assert whole.texts_P == ("The text of sum-1.", "The text of gsm8k-test-1.", "The text of sum-2.")
    assert small.texts_P == ("The text of sum-1.", None, "The text of sum-2.")


def test_what_another_row_answers_for_and_what_says_nothing_of_other_arms_is_left_out(
    records: list[Record],
) -> None:
    found = list(compact(records))
    assert {row.arm for row in found} == {*ARMS, *EARLY} - {"majority:n=2"}
    assert all(bool(row.paths) == (row.arm not in (ARMS[3], *EARLY)) for row in found)
    assert [row.problem_id for row in found if row.arm in EARLY] == ["sum-1", "sum-1"]  # to name them
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
    first = out.read_bytes()
    export_sweep([folder], out)
    assert out.read_bytes() == first


def test_arms_of_special_samples_are_named_since_their_rows_answer_for_named_arms_alone() -> None:
    special = [f"best_of_n:n={n},backtrack=2,select=weighted,aggregate=last" for n in (4, 2, 1)]
    rows = [replace(record(problem, LARGE), arm=special[0]) for problem in ("sum-1", "sum-2")]
    rows += [replace(row, arm=arm, paths=()) for arm in special[1:] for row in rows[:2]]
    found = list(compact(rows))
    assert [(row.arm, row.problem_id) for row in found if row.arm != special[0]] == [
        (arm, "sum-1") for arm in special[1:]
    ]
    [whole], [small] = grids(rows), grids(found)
    assert set(small.arms_A) == set(whole.arms_A) == set(special)
    assert np.array_equal(small.columns(special).accuracy_PA, whole.columns(special).accuracy_PA)
