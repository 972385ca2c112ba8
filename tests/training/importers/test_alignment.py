"""Logs whose completions belong to other questions are refused, sound ones never."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from import_kit import answer, counts, question, sal_row, solution, write_jsonl

from compute_router.training.importers import import_logs
from compute_router.training.importers.alignment_test import fit
from compute_router.training.importers.log_row import LogPath, LogRow


def rows(n: int, each: int = 1, arm: str = "a", start: int = 0) -> list[LogRow]:
    return [
        LogRow("", None, "m", arm, question(i), paths=tuple(LogPath(solution(i, k)) for k in range(each)))
        for i in range(start, start + n)
    ]


def shuffled(log: list[LogRow], rng: random.Random, batch: int, share: float = 1.0) -> list[LogRow]:
    """The paths of a share of the rows dealt out anew, within batches."""
    found = list(log)
    for start in range(0, len(log), batch):
        at = list(range(start, min(start + batch, len(log))))
        at = sorted(rng.sample(at, round(share * len(at))))
        to = at[:]
        rng.shuffle(to)
        for i, j in zip(at, to, strict=True):
            found[i] = replace(log[i], paths=log[j].paths)
    return found


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(20, 80), each=st.integers(1, 4))
def test_a_sound_log_is_never_refused(seed: int, n: int, each: int) -> None:
    log = rows(n, each, start=seed)
    random.Random(seed).shuffle(log)
    found = fit(log)
    assert found.tested
    assert not found.misaligned
    assert found.share < 0.1


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), batch=st.sampled_from([25, 200]), share=st.sampled_from([0.5, 1.0]))
def test_a_shuffled_log_is_refused(seed: int, batch: int, share: float) -> None:
    found = fit(shuffled(rows(100), random.Random(seed), batch, share))
    assert found.misaligned
    assert found.share == pytest.approx(share, abs=0.3)


def test_samples_tiled_over_a_batch_are_refused() -> None:
    log = rows(50, 4)
    tiled = []
    for start in (0, 25):
        batch = log[start : start + 25]
        flat = [row.paths[k] for k in range(4) for row in batch]
        tiled += [replace(row, paths=tuple(flat[4 * i : 4 * i + 4])) for i, row in enumerate(batch)]
    assert fit(tiled).misaligned


def test_one_shuffled_arm_among_sound_ones_is_found() -> None:
    log = [row for k in range(5) for row in rows(60, arm=f"arm {k}")]
    assert not fit(log).misaligned
    assert fit(log[:240] + shuffled(log[240:], random.Random(1), 25)).misaligned


def test_a_few_strays_are_no_reason_to_refuse() -> None:
    log = rows(100)
    assert not fit(shuffled(log[:6], random.Random(0), 6) + log[6:]).misaligned


def test_bare_answers_and_boilerplate_tell_nothing() -> None:
    bare = [replace(row, paths=(LogPath(f"\\boxed{{{i}}}"),)) for i, row in enumerate(rows(50))]
    sorry = [
        replace(row, paths=(LogPath("I am sorry, but I cannot help with this one today."),)) for row in bare
    ]
    assert not fit(bare).tested
    assert not fit(sorry).misaligned
    assert not fit([replace(row, problem=None) for row in bare]).tested


def test_a_refused_file_gives_no_records_unless_forced(tmp_path: Path) -> None:
    good = [sal_row(i, [solution(i)]) for i in range(30)]
    bad = [sal_row(i, [solution((i + 7) % 30)]) for i in range(30)]
    files = [
        write_jsonl(tmp_path / name / "best_of_n_completions.jsonl", log)
        for name, log in (("good-1b", good), ("bad-1b", bad))
    ]
    imported = import_logs(files)
    assert {row.policy_model for row in imported.records} == {"good-1b"}
    assert len(imported.report.refused) == 1
    refused = imported.report.refused[0]
    assert (refused.file, refused.dropped) == ("bad-1b/best_of_n_completions.jsonl", 30)
    assert refused.fit == pytest.approx(1, abs=0.3)
    assert "REFUSED" in imported.report.table()
    forced = import_logs(files, force=True)
    assert len(forced.records) == 60
    assert forced.report.refused == ()
    assert counts(forced)["completion of another question"] > 10
    assert answer(0) != answer(7)
