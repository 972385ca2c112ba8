"""One scheduler for all problems: starts them, keeps the engine full, keeps the caps of the whole run.

Each problem progresses on its own (driver.py); the asks of all problems share the engine, which batches
them, and the PRM, whose asks are batched here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable

from compute_router.engines.base import Engine
from compute_router.execute.admission import Admission
from compute_router.execute.batcher import Batcher
from compute_router.execute.driver import Driver, RunContext
from compute_router.execute.search_job import Caps, SearchJob, Solved
from compute_router.execute.token_budget import TokenBudget
from compute_router.grading import Grader
from compute_router.policies import Path
from compute_router.scoring import Scored, Scorer

__all__ = ["Caps", "Scheduler", "SearchJob", "Solved"]


class Scheduler:
    """Runs jobs over one engine and one scorer, both already started.

    The same seed gives the same requests for a problem whatever else is in flight; whether the engine
    then writes the same text is the engine's affair (docs/determinism.md).
    """

    def __init__(self, engine: Engine, scorer: Scorer, grader: Grader, *, seed: int) -> None:
        self._engine = engine
        self._scorer = scorer
        self._grader = grader
        self._seed = seed
        self._scores: Batcher[tuple[str, Path], Scored] = Batcher(scorer.score, length=_length)

    async def run(self, jobs: Iterable[SearchJob], caps: Caps = Caps()) -> AsyncGenerator[Solved, None]:
        """Solve `jobs`, as many side by side as keep the engine full; yields in order of completion.

        Jobs are drawn as they can start, so a long iterable costs no memory; a job that the caps leave out
        is never drawn. Closing the iterator cancels what is in flight.
        """
        context = self._context(caps)
        flight = _InFlight(context)
        waiting = iter(jobs)
        timer = None
        if caps.seconds is not None:
            timer = asyncio.get_running_loop().call_later(caps.seconds, flight.cut)
        try:
            while True:
                context.admission.changed.clear()
                while flight.may_start and (job := next(waiting, None)) is not None:
                    flight.start(job)
                if flight.ended:
                    yield flight.ended.popleft().result()
                elif flight.tasks:
                    await context.admission.changed.wait()
                else:
                    return
        finally:
            if timer is not None:
                timer.cancel()
            await flight.close()
            await self._scores.rest()

    async def solve(self, job: SearchJob) -> Solved:
        """One job to its end. Never raises for what one problem did: that is in `Solved.error`."""
        return await Driver(job, self._context(Caps())).solve()

    def _context(self, caps: Caps) -> RunContext:
        return RunContext(
            self._engine,
            self._scorer,
            self._scores,
            self._grader,
            Admission(self._engine.slots),
            TokenBudget(caps.tokens),
            self._seed,
        )


class _InFlight:
    """The jobs that have started and not been handed over."""

    def __init__(self, run: RunContext) -> None:
        self._run = run
        self._open = True
        self.tasks: dict[asyncio.Task[Solved], Driver] = {}
        self.ended: deque[asyncio.Task[Solved]] = deque()

    @property
    def may_start(self) -> bool:
        """Never more jobs than the engine has slots, and only while the engine has room."""
        in_hand = len(self.tasks) + len(self.ended)
        room = in_hand < self._run.engine.slots and self._run.admission.has_room
        return self._open and room and not self._run.budget.is_empty

    def start(self, job: SearchJob) -> None:
        driver = Driver(job, self._run)
        task = asyncio.create_task(driver.solve())
        self.tasks[task] = driver
        task.add_done_callback(self._landed)

    def cut(self) -> None:
        """Start nothing more, and end what is in flight with what it has."""
        self._open = False
        for driver in self.tasks.values():
            driver.cut("deadline")
        self._run.admission.changed.set()

    async def close(self) -> None:
        """Cancel what is in flight."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def _landed(self, task: asyncio.Task[Solved]) -> None:
        del self.tasks[task]
        self.ended.append(task)
        self._run.admission.changed.set()


def _length(ask: tuple[str, Path]) -> int:
    problem, path = ask
    return len(problem) + path.n_tokens
