"""A sweep is read from its folder or its file, with the arms of the manifest beside it, if there is one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compute_router.training.sweep.record import Record, RecordError, write_records
from compute_router.training.sweep.sweep_file import read_sweep

ROW = Record("p", "tiny", "greedy", True)


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    write_records(tmp_path / "sweep.jsonl", [ROW])
    return tmp_path / "sweep.jsonl"


def test_a_folder_and_its_file_are_the_same_sweep(rows: Path) -> None:
    arms = [{"spec": "greedy", "run": "greedy", "from": None}, {"spec": "majority:n=3"}]
    (rows.parent / "sweep.manifest.json").write_text(json.dumps({"seed": 1, "arms": arms}))
    assert read_sweep(rows) == read_sweep(rows.parent)
    assert read_sweep(rows).records == (ROW,)
    assert read_sweep(rows).arms == ("greedy", "majority:n=3")


def test_a_file_has_the_manifest_of_its_own_name(rows: Path) -> None:
    (rows.parent / "other.manifest.json").write_text('{"arms": [{"spec": "majority:n=3"}]}')
    assert read_sweep(rows).arms == ()
    rows.rename(rows.with_name("other.jsonl"))
    assert read_sweep(rows.with_name("other.jsonl")).arms == ("majority:n=3",)


def test_a_manifest_need_not_list_arms(rows: Path) -> None:
    (rows.parent / "sweep.manifest.json").write_text('{"seed": 1}')
    assert read_sweep(rows).arms == ()


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"arms": 3}', '{"arms": ["greedy"]}', '{"arms": [{"spec": 1}]}']
)
def test_a_manifest_that_is_none_is_named(rows: Path, text: str) -> None:
    (rows.parent / "sweep.manifest.json").write_text(text)
    with pytest.raises(RecordError, match=r"sweep\.manifest\.json is no manifest of a sweep: "):
        read_sweep(rows)


def test_a_manifest_that_cannot_be_read_is_named(rows: Path) -> None:
    (rows.parent / "sweep.manifest.json").mkdir()
    with pytest.raises(RecordError, match=r"sweep\.manifest\.json cannot be read"):
        read_sweep(rows)


@pytest.mark.parametrize("option", ["redo=2", "drop=0.1", "greedy=1"])
def test_a_sweep_of_version_0_4_is_refused_and_not_misread(tmp_path: Path, option: str) -> None:
    row = Record("p", "m", f"best_of_n:n=4,select=weighted,aggregate=last,{option}", True)
    write_records(tmp_path / "old.jsonl", [row])
    with pytest.raises(RecordError, match=r"line 1: .* version 0\.4"):
        read_sweep(tmp_path / "old.jsonl")
