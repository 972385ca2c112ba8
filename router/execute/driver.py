"""Drives one search: answers its asks from the engine, the PRM and the grader, and writes its bill."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from compute_router.engines.base import Cut, Engine, Extension, Request
from compute_router.errors import EngineError, RouterError, ScorerError
from compute_router.execute.admission import Admission
from compute_router.execute.batcher import Batcher
from compute_router.execute.fair_turns import FairTurns
from compute_router.execute.retry import RetryingCalls
from compute_router.execute.search_job import SearchJob, Solved
from compute_router.execute.search_runner import LATER, SearchRunner
from compute_router.execute.seeds import seed_of
from compute_router.execute.token_budget import TokenBudget
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

__all__ = ["Driver", "RunContext"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RunContext:
    """What all searches of a run share."""

    engine: Engine
    scorer: Scorer
    scores: Batcher[tuple[str, Path], Scored]
    grader: Grader
    admission: Admission
    budget: TokenBudget
    seed: int


class Driver:
    """One search on its way. `cut` ends it early: what is being written is stopped at the engine, nothing
    more is asked, and the search closes with what it has."""

    def __init__(self, job: SearchJob, run: RunContext) -> None:
        self._job = job
        self._run = run
        self._budget = TokenBudget(job.budget)
        self._turns = None if job.budget is None else FairTurns()
        self._is_free = job.budget is None and run.budget.is_unlimited
        self._cut: Cut = asyncio.get_running_loop().create_future()
        self._why: Finish = "deadline"
        self._prompt_T: tuple[int, ...] = ()
        self._policy = Tokens()
        self._prm = Tokens()
        self._degraded: str | None = None
        self._scoring: set[asyncio.Future[Scored]] = set()
        self._failures: list[RouterError] = []
        self._calls = RetryingCalls(self._cut)
        self._admitted = run.admission.admit()

    def cut(self, why: Finish) -> None:
        """End the search; its open paths finish with `why`."""
        if not self._cut.done():
            self._why = why
            self._cut.set_result(None)
            self._budget.close()
            for reply in tuple(self._scoring):
                reply.cancel()

    async def solve(self) -> Solved:
        """The job to its end. Never raises for what one problem did: that is in `Solved.error`."""
        job, run = self._job, self._run
        start = time.monotonic()
        timer = None
        if job.deadline_s is not None:
            timer = asyncio.get_running_loop().call_later(job.deadline_s, self.cut, "deadline")
        outcome: Outcome | None = None
        error: RouterError | None = None
        try:
            self._prompt_T = await self._calls.of(lambda: run.engine.encode(job.text))
            self._policy += await self._calls.of(lambda: run.engine.read(self._prompt_T))
            outcome = await self._drive(job.search)
        except RouterError as caught:
            error = caught
        finally:
            job.search.close()
            if timer is not None:
                timer.cancel()
            self._admitted.end()
        if outcome is not None and self._failures and all(p.finish == "failed" for p in outcome.paths_N):
            error = self._failures[0]
        if self._cut.done():
            self._degrade(f"the {self._why} ended the search early")
        if outcome is not None and outcome.unscored:
            self._degrade("no path could be scored: chosen by majority vote")
        ledger = Ledger(
            policy_params=run.engine.model.params,
            prm_params=run.scorer.params,
            policy=self._policy,
            prm=self._prm,
            seconds=time.monotonic() - start,
        )
        return Solved(job, outcome, ledger, self._degraded, error)

    async def _drive(self, search: Search[T]) -> T:
        """The search to its end. What is on its way when it fails, or is cancelled, is cancelled too."""
        end: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        SearchRunner(search, self._answer, end, self._turns).start()
        try:
            return await end
        finally:
            await self._calls.close()

    def _answer(self, runner: SearchRunner, ask: Ask) -> Any:
        """The reply, or LATER."""
        match ask:
            case Extend():
                return self._extend(runner, ask)
            case Score():
                return self._score(runner, ask.path)
            case Group():
                classes = self._run.grader.classes(ask.answers_N)
                self._calls.start(runner, classes, asyncio.Future.result)
                return LATER
            case Assess():
                return self._job.assess(ask.paths_N, ask.votes_N)
            case Fork():
                raise AssertionError("a fork is the runner's to answer")

    def _extend(self, runner: SearchRunner, ask: Extend) -> Any:
        # What opens a path is read with the prompt; a token is a character at least.
        read = len(self._prompt_T) + len(ask.opening)
        room = self._run.engine.model.context - read - ask.path.n_tokens
        wish = min(ask.max_tokens, room)
        if wish <= 0:
            return ask.path.end(ask.key.child, "length")
        if self._is_free:
            return self._write(runner, ask, wish, wish)
        return self._paid(runner, wish, lambda granted: self._write(runner, ask, wish, granted))

    def _write(self, runner: SearchRunner, ask: Extend, wish: int, granted: int) -> Any:
        if granted == 0 or self._cut.done():
            self._settle(granted, 0)
            return ask.path.end(ask.key.child, self._why if self._cut.done() else "budget")
        cut = self._cut
        seed = seed_of(self._run.seed, self._job.problem_id, ask.key)
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
                self._admitted.reply()
                self._settle(granted, used)
            finish: Finish = self._why if extension.finish == "cut" else extension.finish
            if finish == "length" and granted < wish:
                finish = "budget"
            return ask.path.grow(ask.key.child, _begun(extension.steps_S, ask.opening), finish)

        self._admitted.ask()
        write = self._writing(request, ask.opening)
        self._calls.start(runner, write(), written, write)
        return LATER

    def _writing(self, request: Request, opening: str) -> Callable[[], Awaitable[Extension]]:
        engine, cut = self._run.engine, self._cut
        if not opening:
            return lambda: engine.extend(request, cut)

        async def opened() -> Extension:
            prompt_T = await engine.encode(self._job.text, opening)
            return await engine.extend(replace(request, prompt_T=prompt_T), cut)

        return opened

    def _score(self, runner: SearchRunner, path: Path) -> Any:
        price = self._run.scorer.price(self._job.text, path)
        if self._is_free or not price:
            return self._judge(runner, path, price, price)
        return self._paid(runner, price, lambda granted: self._judge(runner, path, price, granted))

    def _judge(self, runner: SearchRunner, path: Path, price: int, granted: int) -> Any:
        if granted < price or self._cut.done():
            self._settle(granted, 0)
            why = f"the {self._why}" if self._cut.done() else "the budget"
            self._degrade(f"{why} left some paths unscored")
            return path

        def score() -> asyncio.Future[Scored]:
            reply = self._run.scores.ask((self._job.text, path))
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
                self._admitted.reply()
                self._settle(granted, used)

        self._admitted.ask()
        self._calls.start(runner, score(), judged, score)
        return LATER

    def _paid(self, runner: SearchRunner, wish: int, use: Callable[[int], Any]) -> Any:
        """LATER: what `use` makes of the tokens granted."""

        def granted(take: asyncio.Future[int]) -> Any:
            tokens = take.result()
            if self._calls.is_closed:  # granted in the moment that the search was cancelled
                self._settle(tokens, 0)
                raise asyncio.CancelledError
            return use(tokens)

        self._calls.start(runner, self._take(wish, runner.place), granted)
        return LATER

    async def _take(self, wish: int, place: tuple[int, ...]) -> int:
        """Tokens granted by the problem's budget and by the run's; 0 where either is spent."""
        if self._turns is not None:
            await self._turns.turn(place)
        mine = await self._budget.take(wish)
        if mine == 0:
            return 0
        try:
            granted = await self._run.budget.take(mine)
        except asyncio.CancelledError:
            self._budget.settle(mine, 0)
            raise
        if granted < mine:
            self._budget.settle(mine - granted, 0)
        return granted

    def _settle(self, granted: int, used: int) -> None:
        if granted and not self._is_free:
            self._budget.settle(granted, used)
            self._run.budget.settle(granted, used)

    def _degrade(self, why: str) -> None:
        self._degraded = self._degraded or why


def _begun(steps_S: tuple[Step, ...], opening: str) -> tuple[Step, ...]:
    """The steps with the words that the first of them was begun with."""
    if not (opening and steps_S):
        return steps_S
    first, *others = steps_S
    return (replace(first, text=opening + first.text), *others)
