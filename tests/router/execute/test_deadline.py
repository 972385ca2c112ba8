"""Deadlines and caps: what is written is stopped, the best answer so far comes back, nothing else starts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

import pytest

from compute_router.engines import Extension, Request, ScriptedEngine
from compute_router.errors import EngineError
from compute_router.execute.scheduler import Caps, SearchJob, Solved
from compute_router.policies import Path
from compute_router.scoring import Scored, Scorer
from support.kit import FairScorer, assert_no_task_is_left, jobs, said, scheduler

SPECS = ["majority:n=5", "best_of_n:n=5", "beam:n=4,m=2", "dvts:n=4,m=2", "rebase:n=4", "mcts:n=4,m=2"]


def solve(
    engine: ScriptedEngine, todo: Sequence[SearchJob], scorer: Scorer | None = None, caps: Caps | None = None
) -> tuple[dict[str, Solved], float]:
    async def main() -> tuple[dict[str, Solved], float]:
        start = time.monotonic()
        solved = {
            one.job.problem_id: one async for one in scheduler(engine, scorer).run(todo, caps or Caps())
        }
        taken = time.monotonic() - start
        await assert_no_task_is_left()
        return solved, taken

    return asyncio.run(main())


async def first_only(request: Request) -> Extension:
    """The first sample of a problem answers, all others hang until they are cut."""
    if request.seed % 5:
        await asyncio.sleep(60)
    return said(request, "\\boxed{7}")


@pytest.mark.parametrize("spec", SPECS)
def test_a_deadline_ends_a_problem_within_one_step(spec: str) -> None:
    todo = [replace(job, deadline_s=0.1) for job in jobs(spec, 3)]
    solved, taken = solve(ScriptedEngine(script=first_only), todo)
    assert len(solved) == 3
    assert taken < 20
    for one in solved.values():
        assert one.error is None
        assert one.outcome is not None
        assert one.degraded == "the deadline ended the search early"
        assert "deadline" in {path.finish for path in one.outcome.paths_N}


def test_the_best_answer_so_far_comes_back() -> None:
    async def script(request: Request) -> Extension:
        nonlocal asked
        asked += 1
        if asked > 2:
            await asyncio.sleep(60)
        return said(request, "\\boxed{7}")

    asked = 0
    todo = [replace(job, deadline_s=0.2) for job in jobs("majority:n=5", 1)]
    [one] = solve(ScriptedEngine(script=script), todo)[0].values()
    assert one.outcome is not None
    assert one.outcome.answer == "7"
    assert sorted(path.finish for path in one.outcome.paths_N) == ["deadline"] * 3 + ["stop"] * 2


def test_a_deadline_that_suffices_changes_nothing() -> None:
    free, _ = solve(ScriptedEngine(), jobs("beam:n=4,m=2", 4))
    timed, _ = solve(ScriptedEngine(), [replace(job, deadline_s=60) for job in jobs("beam:n=4,m=2", 4)])
    assert {name: one.outcome for name, one in timed.items()} == {
        name: one.outcome for name, one in free.items()
    }


def test_a_prm_that_never_answers_ends_with_the_deadline() -> None:
    class Silent(FairScorer):
        async def score(self, batch: Sequence[tuple[str, Path]]) -> Sequence[Scored]:
            await asyncio.sleep(60)
            raise AssertionError("never")

    todo = [replace(job, deadline_s=0.1) for job in jobs("best_of_n:n=3", 1)]
    solved, taken = solve(ScriptedEngine(), todo, Silent())
    [one] = solved.values()
    assert taken < 20
    assert one.outcome is not None
    assert one.outcome.answer is not None
    assert one.degraded


@pytest.mark.parametrize("busy_s", [0.0, 0.1])
def test_retries_end_with_the_deadline(busy_s: float) -> None:
    """Whether it comes in the wait between two tries or during a try: nothing is asked after it."""

    async def script(request: Request) -> Extension:
        nonlocal tries
        tries += 1
        await asyncio.sleep(busy_s)
        raise EngineError("busy")

    tries = 0
    todo = [replace(job, deadline_s=0.05) for job in jobs("majority:n=3", 1)]
    [one] = solve(ScriptedEngine(script=script), todo)[0].values()
    assert one.outcome is not None
    assert {path.finish for path in one.outcome.paths_N} == {"deadline"}
    assert tries == 3


def test_a_run_has_a_deadline_of_its_own() -> None:
    async def slow(request: Request) -> Extension:
        await asyncio.sleep(0.05)
        return said(request, "\\boxed{7}")

    solved, taken = solve(ScriptedEngine(slots=2, script=slow), jobs("greedy", 200), caps=Caps(seconds=0.3))
    assert 0 < len(solved) < 200
    assert taken < 20
    assert all(one.outcome is not None for one in solved.values())


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("tokens", [1, 150, 700])
def test_a_run_never_spends_more_than_its_cap(spec: str, tokens: int) -> None:
    solved, _ = solve(ScriptedEngine(), jobs(spec, 30), FairScorer(price=3), caps=Caps(tokens=tokens))
    assert sum(one.ledger.spent for one in solved.values()) <= tokens
    assert len(solved) < 30
    assert all(one.outcome is not None for one in solved.values())


def test_a_cap_that_suffices_leaves_nothing_out() -> None:
    solved, _ = solve(ScriptedEngine(), jobs("majority:n=3", 30), caps=Caps(10**7, 600))
    assert len(solved) == 30
    assert all(one.degraded is None for one in solved.values())


def test_what_is_in_flight_ends_with_the_run() -> None:
    async def stuck(request: Request) -> Extension:
        await asyncio.sleep(60)
        raise AssertionError("never")

    solved, taken = solve(ScriptedEngine(script=stuck), jobs("majority:n=2", 3), caps=Caps(seconds=0.1))
    assert taken < 20
    assert solved
    for one in solved.values():
        assert one.outcome is not None
        assert {path.finish for path in one.outcome.paths_N} == {"deadline"}
