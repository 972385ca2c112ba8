"""A run can be killed at any moment and started again to the same result."""

from __future__ import annotations

import signal
from pathlib import Path
from random import Random

import pytest
from fault_kit import Command, rows_of

KILLS = 20


def lines(run: Path) -> int:
    results = run / "results.jsonl"
    return results.read_bytes().count(b"\n") if results.exists() else 0


@pytest.mark.slow
def test_twenty_kills_lose_nothing_and_double_nothing(
    command: Command, sixty: Path, tmp_path: Path, stderr_path: Path
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    code, life = command("solve", str(sixty), "--out", str(whole))
    assert code == 1  # one row is no problem

    random, kills, done = Random(2502), 0, [0]
    while kills < KILLS:
        # Short enough for all twenty to come before the end, long enough for work to be done between.
        after = random.uniform(0, life / 5)
        status, _ = command("solve", str(sixty), "--out", str(killed), signal=signal.SIGKILL, after=after)
        assert status in (-signal.SIGKILL, 1)
        kills += status == -signal.SIGKILL
        done.append(lines(killed))
    status, _ = command("solve", str(sixty), "--out", str(killed))

    assert status == 1
    assert done == sorted(done), "a finished row was lost"
    assert len(set(done)) >= 4, f"the kills all hit one place: {done}"
    assert len(rows_of(whole)) == 60
    assert rows_of(killed) == rows_of(whole)
    for name in ("summary.json", "config.json"):
        assert (killed / name).read_bytes() == (whole / name).read_bytes()
    assert stderr_path.read_text() == ""


@pytest.mark.slow
def test_an_interrupt_ends_a_run_quietly_and_leaves_it_resumable(
    command: Command, sixty: Path, tmp_path: Path, stderr_path: Path
) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    _, life = command("solve", str(sixty), "--out", str(whole))

    stops = 0
    for part in (0.02, 0.1, 0.25, 0.4, 0.15):
        status, _ = command(
            "solve", str(sixty), "--out", str(stopped), signal=signal.SIGINT, after=part * life
        )
        assert status in (130, 1)
        stops += status == 130
    assert stops >= 2
    command("solve", str(sixty), "--out", str(stopped))

    assert rows_of(stopped) == rows_of(whole)
    said = set(stderr_path.read_text().splitlines())
    assert said <= {"compute-router: stopped; with --out, the same command goes on from here"}
