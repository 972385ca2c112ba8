"""On the real logs in the data folder."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from compute_router.training.importers import import_logs
from compute_router.training.importers.alignment_test import fit
from compute_router.training.importers.damage import Notes
from compute_router.training.importers.finish import finish
from compute_router.training.importers.units import Unit, read_unit, units
from research.public.compact_sweeps import READERS
from research.public.records import parts
from support.places import SHARED
from support.sweep_files import matrices

DATA = SHARED / "data"
RAW = DATA / "raw_formats"
SYSTEMS = ("compute-optimal-tts", "search-and-learn")

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not DATA.is_dir(), reason="needs the sample data beside the checkout"),
]


def raw_units() -> list[Unit]:
    return [unit for system in SYSTEMS for unit in units(RAW / system, None)]


def test_real_logs_fit_their_questions_and_shuffled_ones_do_not() -> None:
    for unit in raw_units():
        rows = read_unit(unit, Notes(), None)
        found = fit(rows)
        assert found.tested, unit
        assert found.share < 0.05, unit
        assert not found.misaligned, unit
        for batch, share in ((len(rows), 1.0), (25, 1.0), (len(rows), 0.5)):
            rng = random.Random(batch)
            dealt = list(rows)
            for start in range(0, len(rows), batch):
                at = sorted(
                    rng.sample(
                        range(start, min(start + batch, len(rows))),
                        round(share * min(batch, len(rows) - start)),
                    )
                )
                to = at[:]
                rng.shuffle(to)
                for i, j in zip(at, to, strict=True):
                    dealt[i] = replace(rows[i], paths=rows[j].paths)
            assert fit(dealt).misaligned, (unit, batch, share)


def test_samples_tiled_within_batches_of_25_are_refused() -> None:
    """The damage as it was met: beams of four, dealt out one after another within a batch."""
    unit = next(unit for unit in raw_units() if "_n4_" in unit.path.name)
    rows = [row for row in read_unit(unit, Notes(), None) if len(row.paths) >= 2]
    tiled = []
    for start in range(0, len(rows), 25):
        batch = rows[start : start + 25]
        flat = [row.paths[k] for k in range(2) for row in batch]
        tiled += [replace(row, paths=tuple(flat[2 * i : 2 * i + 2])) for i, row in enumerate(batch)]
    assert fit(tiled).misaligned


def test_the_raw_logs_of_known_systems_are_recognised() -> None:
    found = Counter(unit.form for unit in raw_units())
    assert found == {"compute-optimal-tts": 2, "search-and-learn": 2}
    arms = {row.arm for unit in raw_units() for row in read_unit(unit, Notes(), None)}
    assert {arm.partition(",sel")[0] for arm in arms} == {
        "dvts:n=8,m=4", "best_of_n:n=2", "beam:n=4,m=4", "majority:n=1",
    }  # fmt: skip


def test_a_real_log_is_imported(tmp_path: Path) -> None:
    source = next((RAW / "search-and-learn" / "best_of_n").glob("*.jsonl"))
    file = tmp_path / "best_of_n" / source.name
    file.parent.mkdir()
    file.write_text("".join(source.read_text("utf-8").splitlines(keepends=True)[:12]), "utf-8")
    problems = DATA / "problems" / "math500.jsonl"
    imported = import_logs([file], prm="p-8b", problems=[problems])
    assert len(imported.records) == 12
    known = {row["unique_id"]: row for row in map(json.loads, problems.read_text("utf-8").splitlines())}
    for row in imported.records:
        assert row.problem == known[row.problem_id]["problem"]
        assert f"Level {row.level}" == known[row.problem_id]["level"]
        assert (row.policy_model, row.params) == ("Llama-3.2-3B-Instruct-AWQ", 3_210_000_000)
        assert row.tokens
        assert row.tokens > 20


def test_compact_sweeps_become_comparable_rows() -> None:
    found = {}
    for name in ("attcc", "shanjf", "specs"):
        for sweep, rows in parts(name, list(READERS[name](DATA))):
            found[sweep] = finish(rows, Notes())
    for sweep, records in found.items():
        (matrix,) = matrices(records)
        assert len(matrix.comparable().problems_P) >= 50, sweep
    (attcc,) = matrices(found["attcc"])
    assert attcc.arms_A == ("majority:n=1", "majority:n=4", "majority:n=8", "adaptive")
    assert attcc.accuracy_PA.mean(axis=0) == pytest.approx([0.94, 0.95, 0.967, 0.963], abs=1e-3)
    assert {row.policy_model for rows in found.values() for row in rows} == {
        "gpt-4.1-mini",
        "Llama-3.2-1B-Instruct",
        "Qwen2.5-Math-1.5B",
        "Llama-3.2-1B-Instruct-AWQ",
        "Llama-3.2-3B-Instruct-AWQ",
        "Meta-Llama-3.1-8B-Instruct-AWQ-INT4",
        "Qwen2.5-Math-7B-Instruct",
    }
    beams = [row for row in found["specs-llama-3.2-3b-instruct-awq"] if row.arm.startswith("beam")]
    assert beams
    assert all("estimate" in row.versions["tokens"] for row in beams), "0 tokens are unknown, not free"
    assert all(row.problem for rows in found.values() for row in rows)
