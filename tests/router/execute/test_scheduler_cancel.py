"""Closing a run stops the work: at the engine, at the PRM, and in this process."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, Sequence
from typing import cast

import pytest

from compute_router.engines import Extension, Request, ScriptedEngine
from compute_router.execute.scheduler import Solved
from compute_router.policies import Path
from compute_router.scoring import Scored
from support.kit import FairScorer, assert_no_task_is_left, jobs, said, scheduler


class Stuck:
    """Answers the first problem and holds all others; counts the calls that were cancelled."""

    def __init__(self) -> None:
        self.held = 0
        self.cancelled = 0

    async def hold(self) -> None:
        self.held += 1
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    async def __call__(self, request: Request) -> Extension:
        if "0" not in {chr(token - 1) for token in request.prompt_T}:
            await self.hold()
        return said(request, "\\boxed{1}")


class StuckScorer(FairScorer):
    """Never answers."""

    def __init__(self) -> None:
        super().__init__()
        self.stuck = Stuck()

    async def score(self, batch: Sequence[tuple[str, Path]]) -> Sequence[Scored]:
        await self.stuck.hold()
        raise AssertionError("never")


def results(run: object) -> AsyncGenerator[Solved, None]:
    return cast(AsyncGenerator[Solved, None], run)


@pytest.mark.parametrize("spec", ["majority:n=5", "best_of_n:n=5", "beam:n=5,m=1", "dvts:n=5,m=1"])
def test_closing_a_run_cancels_what_is_in_flight(spec: str) -> None:
    async def main() -> None:
        stuck = Stuck()
        todo = jobs(spec, 4)
        run = results(scheduler(ScriptedEngine(script=stuck)).run(todo))
        assert (await anext(run)).job.problem_id == "p0"
        await asyncio.sleep(0.001)
        assert stuck.held == 15
        await run.aclose()
        assert stuck.cancelled == 15
        await assert_no_task_is_left()
        assert all(
            inspect.getgeneratorstate(job.search) == inspect.GEN_CLOSED for job in todo
        )  # every search was closed

    asyncio.run(main())


def test_cancelling_the_task_that_reads_a_run_cancels_it_too() -> None:
    async def main() -> None:
        stuck = Stuck()

        async def read() -> None:
            async for _ in scheduler(ScriptedEngine(script=stuck)).run(jobs("majority:n=5", 4)):
                pass

        reader = asyncio.create_task(read())
        await asyncio.sleep(0.01)
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        assert stuck.cancelled == stuck.held == 15
        await assert_no_task_is_left()

    asyncio.run(main())


def test_a_prm_at_work_is_cancelled_too() -> None:
    async def main() -> None:
        scorer = StuckScorer()
        run = results(scheduler(ScriptedEngine(), scorer).run(jobs("best_of_n:n=4", 3)))
        waiting = asyncio.create_task(run.__anext__())
        await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert scorer.stuck.cancelled == scorer.stuck.held == 1
        await assert_no_task_is_left()

    asyncio.run(main())


def test_a_scheduler_goes_on_after_a_closed_run() -> None:
    async def main() -> None:
        stuck = Stuck()
        shared = scheduler(ScriptedEngine(script=stuck))
        run = results(shared.run(jobs("best_of_n:n=3", 4)))
        await anext(run)
        await run.aclose()
        again = [solved.job.problem_id async for solved in shared.run(jobs("best_of_n:n=3", 1))]
        assert again == ["p0"]

    asyncio.run(main())
