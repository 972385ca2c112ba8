"""What hostile answers and killed processes may do to grading: cost one deadline, and nothing else."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from compute_router.errors import GradingError
from compute_router.grading import Grader
from compute_router.grading.process import WorkerPool

TOWER = r"\boxed{9^{9^{9^{9}}}}"

PARENT = f"""
import asyncio, sys
from compute_router.grading import Grader

async def main():
    grader = Grader(deadline_s=2)
    await grader.equal("x", "y")
    print(*(worker._process.pid for worker in grader._pool._started), flush=True)
    if sys.argv[1] == "busy":
        await grader.equal({TOWER!r}, "5")
    await asyncio.sleep(60)

asyncio.run(main())
"""


def alive(group: int) -> list[str]:
    """The states of the living processes of a process group (Linux)."""
    states = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            states.append(fields[0])
    return states


def wait_until_gone(group: int, seconds: float) -> None:
    end = time.monotonic() + seconds
    while alive(group):
        assert time.monotonic() < end, "a grading process outlived its parent"
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize("answer", [TOWER, "{" * 500 + "1" + "}" * 500, "10^{10^{10}}", "10000000!"])
def test_a_hostile_answer_costs_one_deadline_and_is_counted(answer: str) -> None:
    async def check() -> None:
        with Grader(deadline_s=1.0) as grader:
            await grader.equal("x", "y")
            (worker,) = grader._pool._started
            start = time.monotonic()
            assert not await grader.equal(answer, "5")
            assert time.monotonic() - start < 2
            assert grader.timeouts == 1
            assert not await grader.equal(answer, "5"), "a remembered timeout"
            assert grader.timeouts == 1
            # The same worker goes on at once: nothing is loaded again.
            assert await grader.equal("(x+1)^2", "x^2+2x+1")
            assert grader._pool._started == {worker}

    asyncio.run(check())


def test_comparisons_run_side_by_side() -> None:
    async def check() -> None:
        with Grader(workers=2, deadline_s=1.5) as grader:
            await asyncio.gather(grader.equal("x", "y"), grader.equal("x", "z"))
            start = time.monotonic()
            await asyncio.gather(grader.equal(TOWER, "5"), grader.equal(TOWER, "6"))
            assert time.monotonic() - start < 2.8
            assert grader.timeouts == 2

    asyncio.run(check())


def test_a_killed_worker_is_replaced() -> None:
    async def check() -> None:
        with Grader() as grader:
            await grader.equal("x", "y")
            (worker,) = grader._pool._started
            os.kill(worker._process.pid, signal.SIGKILL)
            assert await grader.equal("(x+1)^2", "x^2+2x+1")
            assert worker not in grader._pool._started

    asyncio.run(check())


def test_a_child_that_dies_is_a_crash_and_not_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    async def crash(*_: object, **__: object) -> str:
        return "crash"

    monkeypatch.setattr(WorkerPool, "compare", crash)
    with Grader() as grader:
        assert not asyncio.run(grader.equal("x", "y"))
        assert (grader.crashes, grader.timeouts) == (1, 0)


@pytest.mark.parametrize(
    ("program", "why"),
    [("", "ended with status 0"), ("print('\"math-verify does not load: no sympy\"')", "no sympy")],
)
def test_a_worker_that_cannot_start_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, why: str
) -> None:
    path = tmp_path / "worker.py"
    path.write_text(program)
    monkeypatch.setattr("compute_router.grading.process._PROGRAM", path)
    with Grader() as grader, pytest.raises(GradingError, match=f"could not be started: .*{why}"):
        asyncio.run(grader.equal("x", "y"))


def test_closing_while_a_comparison_runs_ends_it_at_once() -> None:
    async def check() -> None:
        grader = Grader(deadline_s=30)
        await grader.equal("x", "y")
        (worker,) = grader._pool._started
        tasks = [asyncio.create_task(grader.equal(TOWER, digit)) for digit in "56"]
        await asyncio.sleep(0.2)
        start = time.monotonic()
        await asyncio.to_thread(grader.close)
        for task in tasks:  # the one that ran, and the one that waited
            with pytest.raises(GradingError, match="closed"):
                await task
        assert time.monotonic() - start < 2
        wait_until_gone(worker._process.pid, 2)

    asyncio.run(check())


@pytest.mark.parametrize("state", ["idle", "busy"])
def test_no_process_outlives_a_killed_parent(state: str) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, state], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        group = int(parent.stdout.readline())
        time.sleep(0.2)
        assert len(alive(group)) == (2 if state == "busy" else 1)
        parent.kill()
    wait_until_gone(group, 4)


def test_ctrl_c_spills_no_traceback_from_a_worker() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, "idle"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as parent:
        assert parent.stdout is not None
        group = int(parent.stdout.readline())
        os.killpg(parent.pid, signal.SIGINT)
        _, spilled = parent.communicate(timeout=20)
    assert spilled.count("Traceback") <= 2, "the parent's own, from asyncio.run, and no more"
    assert "worker.py" not in spilled
    wait_until_gone(group, 4)


def test_an_unguarded_script_is_not_run_again(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import asyncio\nfrom compute_router.grading import Grader\nprint('once')\n"
        "with Grader() as grader:\n    print(asyncio.run(grader.equal('x+y', 'y+x')))\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["once", "True"]
    assert done.stderr == ""
