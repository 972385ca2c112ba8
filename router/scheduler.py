"""One scheduler for all problems: drives searches, answers their asks, writes the bill.

Each problem progresses on its own; the asks of all problems share the engine (which batches them) and the
PRM (batched here). The one retry loop of the program is `_attempt`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from policies import Extend, Fork, Group, Outcome, Path, Score, Search
from router.batcher import Batcher
from router.engines.base import Engine, Extension, Request
from router.errors import EngineError, RouterError, ScorerError
from router.grading import Grader
from router.ledger import Ledger, Tokens
from router.purse import Purse
from router.scoring import Scored, Scorer, checked
from router.seeds import seed_of

__all__ = ["Job", "Scheduler", "Solved"]

T = TypeVar("T")

ATTEMPTS = 4
"""Tries of one request in all; the waits between them double from FIRST_WAIT_S."""
FIRST_WAIT_S = 0.25


@dataclass(frozen=True, slots=True)
class Job:
    """One problem and the search that is to solve it; `budget` in tokens, None for no limit."""

    problem_id: str
    text: str
    search: Search[Outcome]
    budget: int | None = None


@dataclass(frozen=True, slots=True)
class Solved:
    """The end of a job. `outcome` is None only where `error` says why nothing could be searched."""

    job: Job
    outcome: Outcome | None
    ledger: Ledger
    degraded: str | None = None
    error: RouterError | None = None


@dataclass(slots=True)
class _Run:
    """The mutable state of one job while it runs."""

    job: Job
    purse: Purse
    prompt_T: tuple[int, ...] = ()
    policy: Tokens = Tokens()
    prm: Tokens = Tokens()
    degraded: str | None = None
    failures: list[RouterError] = field(default_factory=list)


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
        self._scores: Batcher[tuple[str, Path], Scored] = Batcher(scorer.score)

    async def run(self, jobs: Iterable[Job]) -> AsyncGenerator[Solved, None]:
        """Solve `jobs`, as many side by side as the engine has slots; yields in order of completion.

        Jobs are drawn as they can start, so a long iterable costs no memory. Closing the iterator
        cancels what is in flight.
        """
        running: set[asyncio.Task[Solved]] = set()
        waiting = iter(jobs)
        try:
            while True:
                while len(running) < self._engine.slots:
                    job = next(waiting, None)
                    if job is None:
                        break
                    running.add(asyncio.create_task(self.solve(job)))
                if not running:
                    return
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    yield task.result()
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def solve(self, job: Job) -> Solved:
        """One job to its end. Never raises for what one problem did: that is in `Solved.error`."""
        run = _Run(job, Purse(job.budget))
        start = time.monotonic()
        outcome: Outcome | None = None
        error: RouterError | None = None
        try:
            run.prompt_T = await self._attempt(lambda: self._engine.encode(job.text))
            outcome = await self._drive(run, job.search)
        except RouterError as caught:
            error = caught
        finally:
            job.search.close()
        if outcome is not None and run.failures and all(p.finish == "failed" for p in outcome.paths_N):
            error = run.failures[0]
        degraded = run.degraded
        if outcome is not None and outcome.unscored and degraded is None:
            degraded = "no path could be scored: chosen by majority vote"
        ledger = Ledger(
            policy_params=self._engine.model.params,
            prm_params=self._scorer.params,
            policy=run.policy,
            prm=run.prm,
            seconds=time.monotonic() - start,
        )
        return Solved(job, outcome, ledger, degraded, error)

    async def _drive(self, run: _Run, search: Search[T]) -> T:
        reply: Any = None
        while True:
            try:
                ask = search.send(reply)
            except StopIteration as end:
                result: T = end.value
                return result
            match ask:
                case Extend():
                    reply = await self._extend(run, ask)
                case Score():
                    reply = await self._score(run, ask.path)
                case Group():
                    reply = await self._grader.classes(ask.answers_N)
                case Fork():
                    reply = await _side_by_side([self._drive(run, branch) for branch in ask.searches])

    async def _extend(self, run: _Run, ask: Extend) -> Path:
        room = self._engine.model.context - len(run.prompt_T) - ask.path.n_tokens
        wish = min(ask.max_tokens, room)
        if wish <= 0:
            return ask.path.end(ask.key.child, "length")
        granted = await run.purse.take(wish)
        if granted == 0:
            return ask.path.end(ask.key.child, "budget")
        request = Request(
            prompt_T=run.prompt_T,
            path_T=ask.path.tokens_T,
            seed=seed_of(self._seed, run.job.problem_id, ask.key),
            until=ask.until,
            max_tokens=granted,
            temperature=ask.temperature,
        )
        used = 0
        try:
            reply: Extension = await self._attempt(lambda: self._engine.extend(request))
            used = reply.usage.generated
            run.policy += reply.usage
        except EngineError as error:
            run.failures.append(error)
            return ask.path.end(ask.key.child, "failed", str(error))
        finally:
            run.purse.settle(granted, used)
        path = ask.path.grow(ask.key.child, reply.steps_S, reply.finish)
        if reply.finish == "length" and granted < wish:
            return replace(path, finish="budget")
        return path

    async def _score(self, run: _Run, path: Path) -> Path:
        price = self._scorer.price(run.job.text, path)
        granted = await run.purse.take(price) if price else 0
        used = 0
        try:
            if granted < price:
                run.degraded = run.degraded or "the budget left some paths unscored"
                return path
            scored = checked(path, await self._attempt(lambda: self._scores.ask((run.job.text, path))))
            used = scored.usage.computed
            run.prm += scored.usage
            return path.scored(scored.scores_S)
        except (ScorerError, EngineError) as error:
            run.degraded = run.degraded or f"a path could not be scored: {error}"
            return path
        finally:
            if price:
                run.purse.settle(granted, used)

    async def _attempt(self, call: Callable[[], Awaitable[T]]) -> T:
        """The only retry loop: a retryable EngineError is tried again after a doubling wait."""
        wait = FIRST_WAIT_S
        for _ in range(ATTEMPTS - 1):
            try:
                return await call()
            except EngineError as error:
                if not error.retryable:
                    raise
            await asyncio.sleep(wait)
            wait *= 2
        return await call()


async def _side_by_side(branches: list[Awaitable[T]]) -> tuple[T, ...]:
    """All results in their own order; the first exception cancels the other branches."""
    tasks = [asyncio.ensure_future(branch) for branch in branches]
    try:
        return tuple(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
