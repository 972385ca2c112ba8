"""One scheduler for all problems: starts them, keeps the engine full, keeps the caps of the whole run.

Each problem progresses on its own (driver.py); the asks of all problems share the engine, which batches
them, and the PRM, whose asks are batched here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable

from compute_router.engines.base import Engine
from compute_router.execute.admission import Load
from compute_router.execute.batcher import Batcher
from compute_router.execute.driver import Driver, World
from compute_router.execute.search_job import Caps, Job, Solved
from compute_router.execute.token_budget import Purse
from compute_router.grading import Grader
from compute_router.policies import Path
from compute_router.scoring import Scored, Scorer

__all__ = ["Caps", "Job", "Scheduler", "Solved"]


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

    async def run(self, jobs: Iterable[Job], caps: Caps = Caps()) -> AsyncGenerator[Solved, None]:
        """Solve `jobs`, as many side by side as keep the engine full; yields in order of completion.

        Jobs are drawn as they can start, so a long iterable costs no memory; a job that the caps leave out
        is never drawn. Closing the iterator cancels what is in flight.
        """
        world = self._world(caps)
        flight = _Flight(world)
        waiting = iter(jobs)
        timer = None
        if caps.seconds is not None:
            timer = asyncio.get_running_loop().call_later(caps.seconds, flight.cut)
        try:
            while True:
                world.load.changed.clear()
                while flight.may_start and (job := next(waiting, None)) is not None:
                    flight.start(job)
                if flight.ended:
                    yield flight.ended.popleft().result()
                elif flight.tasks:
                    await world.load.changed.wait()
                else:
                    return
        finally:
            if timer is not None:
                timer.cancel()
            await flight.close()
            await self._scores.rest()

    async def solve(self, job: Job) -> Solved:
        """One job to its end. Never raises for what one problem did: that is in `Solved.error`."""
        return await Driver(job, self._world(Caps())).solve()

    def _world(self, caps: Caps) -> World:
        return World(
            self._engine,
            self._scorer,
            self._scores,
            self._grader,
            Load(self._engine.slots),
            Purse(caps.tokens),
            self._seed,
        )


class _Flight:
    """The jobs that have started and not been handed over."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._open = True
        self.tasks: dict[asyncio.Task[Solved], Driver] = {}
        self.ended: deque[asyncio.Task[Solved]] = deque()

    @property
    def may_start(self) -> bool:
        """Never more jobs than the engine has slots, and only while the engine has room."""
        in_hand = len(self.tasks) + len(self.ended)
        room = in_hand < self._world.engine.slots and self._world.load.has_room
        return self._open and room and not self._world.purse.is_empty

    def start(self, job: Job) -> None:
        driver = Driver(job, self._world)
        task = asyncio.create_task(driver.solve())
        self.tasks[task] = driver
        task.add_done_callback(self._landed)

    def cut(self) -> None:
        """Start nothing more, and end what is in flight with what it has."""
        self._open = False
        for driver in self.tasks.values():
            driver.cut("deadline")
        self._world.load.changed.set()

    async def close(self) -> None:
        """Cancel what is in flight."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def _landed(self, task: asyncio.Task[Solved]) -> None:
        del self.tasks[task]
        self.ended.append(task)
        self._world.load.changed.set()


def _length(ask: tuple[str, Path]) -> int:
    problem, path = ask
    return len(problem) + path.n_tokens
