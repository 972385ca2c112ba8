"""Drives one search: answers its asks from the engine, the PRM and the grader, and writes its bill."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from policies import Assess, Extend, Finish, Fork, Group, Outcome, Path, Score, Search
from router.batcher import Batcher
from router.engines.base import Cut, Engine, Extension, Request
from router.errors import EngineError, RouterError, ScorerError
from router.grading import Grader
from router.job import Job, Solved
from router.ledger import Ledger, Tokens
from router.load import Load
from router.purse import Purse
from router.scoring import Scored, Scorer, checked
from router.seeds import seed_of
from router.turns import Turns

__all__ = ["Driver", "World"]

T = TypeVar("T")

ATTEMPTS = 4
"""Tries of one request in all; the waits between them double from FIRST_WAIT_S."""
FIRST_WAIT_S = 0.25


@dataclass(frozen=True, slots=True)
class World:
    """What all searches of a run share."""

    engine: Engine
    scorer: Scorer
    scores: Batcher[tuple[str, Path], Scored]
    grader: Grader
    load: Load
    purse: Purse
    seed: int


class Driver:
    """One job on its way. `cut` ends it early: what is being written is stopped at the engine, nothing
    more is asked, and the search closes with what it has."""

    def __init__(self, job: Job, world: World) -> None:
        self._job = job
        self._world = world
        self._purse = Purse(job.budget)
        self._turns = None if job.budget is None else Turns()
        self._is_free = job.budget is None and world.purse.is_bottomless
        self._cut: Cut = asyncio.get_running_loop().create_future()
        self._why: Finish = "deadline"
        self._prompt_T: tuple[int, ...] = ()
        self._policy = Tokens()
        self._prm = Tokens()
        self._degraded: str | None = None
        self._scoring: set[asyncio.Future[Scored]] = set()
        self._failures: list[RouterError] = []
        self._share = world.load.share()

    def cut(self, why: Finish) -> None:
        """End the search; its open paths finish with `why`."""
        if not self._cut.done():
            self._why = why
            self._cut.set_result(None)
            self._purse.close()
            for reply in self._scoring:
                if not reply.done():
                    reply.set_exception(ScorerError(f"the {why} came first"))

    async def solve(self) -> Solved:
        """The job to its end. Never raises for what one problem did: that is in `Solved.error`."""
        job, world = self._job, self._world
        start = time.monotonic()
        timer = None
        if job.deadline_s is not None:
            timer = asyncio.get_running_loop().call_later(job.deadline_s, self.cut, "deadline")
        outcome: Outcome | None = None
        error: RouterError | None = None
        try:
            self._prompt_T = await self._attempt(lambda: world.engine.encode(job.text))
            self._policy += await self._attempt(lambda: world.engine.read(self._prompt_T))
            outcome = await self._drive(job.search, ())
        except RouterError as caught:
            error = caught
        finally:
            job.search.close()
            if timer is not None:
                timer.cancel()
            self._share.end()
        if outcome is not None and self._failures and all(p.finish == "failed" for p in outcome.paths_N):
            error = self._failures[0]
        if self._cut.done():
            self._degrade(f"the {self._why} ended the search early")
        if outcome is not None and outcome.unscored:
            self._degrade("no path could be scored: chosen by majority vote")
        ledger = Ledger(
            policy_params=world.engine.model.params,
            prm_params=world.scorer.params,
            policy=self._policy,
            prm=self._prm,
            seconds=time.monotonic() - start,
        )
        return Solved(job, outcome, ledger, self._degraded, error)

    async def _drive(self, search: Search[T], branch: tuple[int, ...]) -> T:
        reply: Any = None
        while True:
            try:
                ask = search.send(reply)
            except StopIteration as end:
                result: T = end.value
                return result
            match ask:
                case Extend():
                    reply = await self._extend(ask, branch)
                case Score():
                    reply = await self._score(ask.path, branch)
                case Group():
                    reply = await self._world.grader.classes(ask.answers_N)
                case Assess():
                    reply = self._job.assess(ask.paths_N, ask.votes_N)
                case Fork():
                    reply = await self._side_by_side(ask.searches, branch)

    async def _side_by_side(self, searches: tuple[Search[T], ...], branch: tuple[int, ...]) -> tuple[T, ...]:
        """All results in their own order; the first exception cancels the other branches."""
        drives = [self._drive(search, (*branch, i)) for i, search in enumerate(searches)]
        if self._turns is not None:
            fork = self._turns.fork(len(drives))
            drives = [_then(fork.end, drive) for drive in drives]
        tasks = [asyncio.ensure_future(drive) for drive in drives]
        try:
            return tuple(await asyncio.gather(*tasks))
        except BaseException:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise

    async def _extend(self, ask: Extend, branch: tuple[int, ...]) -> Path:
        world, child = self._world, ask.key.child
        room = world.engine.model.context - len(self._prompt_T) - ask.path.n_tokens
        wish = min(ask.max_tokens, room)
        if wish <= 0:
            return ask.path.end(child, "length")
        granted = wish if self._is_free else await self._take(wish, branch)
        if granted == 0 or self._cut.done():
            self._settle(granted, 0)
            return ask.path.end(child, self._why if self._cut.done() else "budget")
        request = Request(
            prompt_T=self._prompt_T,
            path_T=ask.path.tokens_T,
            seed=seed_of(world.seed, self._job.problem_id, ask.key),
            until=ask.until,
            max_tokens=granted,
            temperature=ask.temperature,
        )
        used = 0
        self._share.ask()
        try:
            reply: Extension = await self._attempt(lambda: world.engine.extend(request, self._cut))
            used = reply.usage.generated
            self._policy += reply.usage
        except EngineError as error:
            if self._cut.done():  # tries were left, the time was not
                return ask.path.end(child, self._why)
            self._failures.append(error)
            return ask.path.end(child, "failed", str(error))
        finally:
            self._share.reply()
            self._settle(granted, used)
        if reply.finish == "cut":
            return ask.path.grow(child, reply.steps_S, self._why)
        path = ask.path.grow(child, reply.steps_S, reply.finish)
        if reply.finish == "length" and granted < wish:
            return replace(path, finish="budget")
        return path

    async def _score(self, path: Path, branch: tuple[int, ...]) -> Path:
        ask, world = (self._job.text, path), self._world
        price = world.scorer.price(*ask)
        granted = price if self._is_free or not price else await self._take(price, branch)
        used = 0
        self._share.ask()
        try:
            if self._cut.done():
                self._degrade(f"the {self._why} left some paths unscored")
                return path
            if granted < price:
                self._degrade("the budget left some paths unscored")
                return path
            scored = checked(path, await self._attempt(lambda: world.scores.ask(ask, self._scoring)))
            used = scored.usage.computed
            self._prm += scored.usage
            return path.scored(scored.scores_S)
        except (ScorerError, EngineError) as error:
            self._degrade(f"a path could not be scored: {error}")
            return path
        finally:
            self._share.reply()
            self._settle(granted, used)

    async def _take(self, wish: int, branch: tuple[int, ...]) -> int:
        """Tokens granted by the problem's purse and by the run's; 0 where either is empty."""
        if self._turns is not None:
            await self._turns.turn(branch)
        mine = await self._purse.take(wish)
        if mine == 0:
            return 0
        try:
            granted = await self._world.purse.take(mine)
        except asyncio.CancelledError:
            self._purse.settle(mine, 0)
            raise
        if granted < mine:
            self._purse.settle(mine - granted, 0)
        return granted

    def _settle(self, granted: int, used: int) -> None:
        if granted and not self._is_free:
            self._purse.settle(granted, used)
            self._world.purse.settle(granted, used)

    def _degrade(self, why: str) -> None:
        self._degraded = self._degraded or why

    async def _attempt(self, call: Callable[[], Awaitable[T]]) -> T:
        """The only retry loop: a retryable EngineError is tried again after a doubling wait, unless the
        search has been cut."""
        wait = FIRST_WAIT_S
        for _ in range(ATTEMPTS - 1):
            try:
                return await call()
            except EngineError as error:
                if not error.retryable or self._cut.done():
                    raise
            await asyncio.wait((self._cut,), timeout=wait)
            wait *= 2
        return await call()


async def _then(end: Callable[[], None], drive: Awaitable[T]) -> T:
    try:
        return await drive
    finally:
        end()
