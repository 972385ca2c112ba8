"""Drives one search: answers its asks from the engine, the PRM and the grader, and writes its bill."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from compute_router.engines.base import Cut, Engine, Extension, Request
from compute_router.errors import EngineError, RouterError, ScorerError
from compute_router.execute.admission import Load
from compute_router.execute.batcher import Batcher
from compute_router.execute.fair_turns import Turns
from compute_router.execute.retry import Attempts
from compute_router.execute.search_job import Job, Solved
from compute_router.execute.search_runner import LATER, Branch
from compute_router.execute.seeds import seed_of
from compute_router.execute.token_budget import Purse
from compute_router.grading import Grader
from compute_router.ledger import Ledger, Tokens
from compute_router.policies import (
    Ask,
    Assess,
    Extend,
    Finish,
    Fork,
    Group,
    Outcome,
    Path,
    Score,
    Search,
    Step,
)
from compute_router.scoring import Scored, Scorer, checked

__all__ = ["Driver", "World"]

T = TypeVar("T")


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
        self._attempts = Attempts(self._cut)
        self._share = world.load.share()

    def cut(self, why: Finish) -> None:
        """End the search; its open paths finish with `why`."""
        if not self._cut.done():
            self._why = why
            self._cut.set_result(None)
            self._purse.close()
            for reply in tuple(self._scoring):
                reply.cancel()

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
            self._prompt_T = await self._attempts.of(lambda: world.engine.encode(job.text))
            self._policy += await self._attempts.of(lambda: world.engine.read(self._prompt_T))
            outcome = await self._drive(job.search)
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

    async def _drive(self, search: Search[T]) -> T:
        """The search to its end. What is on its way when it fails, or is cancelled, is cancelled too."""
        end: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        Branch(search, self._answer, end, self._turns).start()
        try:
            return await end
        finally:
            await self._attempts.close()

    def _answer(self, branch: Branch, ask: Ask) -> Any:
        """The reply, or LATER."""
        match ask:
            case Extend():
                return self._extend(branch, ask)
            case Score():
                return self._score(branch, ask.path)
            case Group():
                classes = self._world.grader.classes(ask.answers_N)
                self._attempts.start(branch, classes, asyncio.Future.result)
                return LATER
            case Assess():
                return self._job.assess(ask.paths_N, ask.votes_N)
            case Fork():
                raise AssertionError("a fork is the branch's to answer")

    def _extend(self, branch: Branch, ask: Extend) -> Any:
        # What opens a path is read with the prompt; a token is a character at least.
        read = len(self._prompt_T) + len(ask.opening)
        room = self._world.engine.model.context - read - ask.path.n_tokens
        wish = min(ask.max_tokens, room)
        if wish <= 0:
            return ask.path.end(ask.key.child, "length")
        if self._is_free:
            return self._write(branch, ask, wish, wish)
        return self._paid(branch, wish, lambda granted: self._write(branch, ask, wish, granted))

    def _write(self, branch: Branch, ask: Extend, wish: int, granted: int) -> Any:
        if granted == 0 or self._cut.done():
            self._settle(granted, 0)
            return ask.path.end(ask.key.child, self._why if self._cut.done() else "budget")
        cut = self._cut
        seed = seed_of(self._world.seed, self._job.problem_id, ask.key)
        path_T = ask.path.tokens_T
        request = Request(self._prompt_T, path_T, seed, ask.until, granted, ask.temperature)

        def written(reply: asyncio.Future[Extension]) -> Path:
            used = 0
            try:
                extension = reply.result()
                used = extension.usage.generated
                self._policy += extension.usage
            except EngineError as error:
                if cut.done():  # tries were left, the time was not
                    return ask.path.end(ask.key.child, self._why)
                self._failures.append(error)
                return ask.path.end(ask.key.child, "failed", str(error))
            finally:
                self._share.reply()
                self._settle(granted, used)
            finish: Finish = self._why if extension.finish == "cut" else extension.finish
            if finish == "length" and granted < wish:
                finish = "budget"
            return ask.path.grow(ask.key.child, _begun(extension.steps_S, ask.opening), finish)

        self._share.ask()
        write = self._writing(request, ask.opening)
        self._attempts.start(branch, write(), written, write)
        return LATER

    def _writing(self, request: Request, opening: str) -> Callable[[], Awaitable[Extension]]:
        engine, cut = self._world.engine, self._cut
        if not opening:
            return lambda: engine.extend(request, cut)

        async def opened() -> Extension:
            prompt_T = await engine.encode(self._job.text, opening)
            return await engine.extend(replace(request, prompt_T=prompt_T), cut)

        return opened

    def _score(self, branch: Branch, path: Path) -> Any:
        price = self._world.scorer.price(self._job.text, path)
        if self._is_free or not price:
            return self._judge(branch, path, price, price)
        return self._paid(branch, price, lambda granted: self._judge(branch, path, price, granted))

    def _judge(self, branch: Branch, path: Path, price: int, granted: int) -> Any:
        if granted < price or self._cut.done():
            self._settle(granted, 0)
            why = f"the {self._why}" if self._cut.done() else "the budget"
            self._degrade(f"{why} left some paths unscored")
            return path

        def score() -> asyncio.Future[Scored]:
            reply = self._world.scores.ask((self._job.text, path))
            self._scoring.add(reply)
            return reply

        def judged(reply: asyncio.Future[Scored]) -> Path:
            used = 0
            self._scoring.discard(reply)
            try:
                scored = checked(path, reply.result())
                used = scored.usage.computed
                self._prm += scored.usage
                return path.scored(scored.scores_S)
            except (ScorerError, EngineError) as error:
                self._degrade(f"a path could not be scored: {error}")
                return path
            except asyncio.CancelledError:
                if not self._cut.done():
                    raise
                self._degrade(f"a path could not be scored: the {self._why} came first")
                return path
            finally:
                self._share.reply()
                self._settle(granted, used)

        self._share.ask()
        self._attempts.start(branch, score(), judged, score)
        return LATER

    def _paid(self, branch: Branch, wish: int, use: Callable[[int], Any]) -> Any:
        """LATER: what `use` makes of the tokens granted."""

        def granted(take: asyncio.Future[int]) -> Any:
            tokens = take.result()
            if self._attempts.is_closed:  # granted in the moment that the search was cancelled
                self._settle(tokens, 0)
                raise asyncio.CancelledError
            return use(tokens)

        self._attempts.start(branch, self._take(wish, branch.place), granted)
        return LATER

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


def _begun(steps_S: tuple[Step, ...], opening: str) -> tuple[Step, ...]:
    """The steps with the words that the first of them was begun with."""
    if not (opening and steps_S):
        return steps_S
    first, *others = steps_S
    return (replace(first, text=opening + first.text), *others)
