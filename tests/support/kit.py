"""Doubles for the scheduler's tests: a grader, scorers, and a driver of one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from compute_router.engines import Engine
from compute_router.engines.base import Extension, Request
from compute_router.engines.steps import Piece, cut_steps
from compute_router.execute.scheduler import Scheduler, SearchJob, Solved
from compute_router.grading import Grader
from compute_router.ledger import Tokens
from compute_router.policies import Limits, Outcome, Path, Search, make
from compute_router.scoring import LogprobBaseline, Scored, Scorer
from support.drive import same_value

__all__ = ["FairScorer", "Numbers", "assert_no_task_is_left", "jobs", "said", "scheduler", "solve_all"]

LIMITS = Limits(step_tokens=200, path_tokens=400, steps=6)


class Numbers:
    """Groups answers by their value as numbers."""

    async def classes(self, answers: Sequence[str | None]) -> tuple[int | None, ...]:
        return same_value(tuple(answers))


class FairScorer:
    """Scores by `judge` (all steps the same by default) at `price` tokens a path."""

    name = "fair"
    params = 10
    is_baseline = True

    def __init__(
        self, judge: Callable[[Path], tuple[float, ...]] | None = None, *, price: int = 0, delay_s: float = 0
    ) -> None:
        self.batches: list[int] = []
        self._judge = judge or (lambda path: (0.5,) * len(path.steps_S))
        self._price = price
        self._delay_s = delay_s

    async def __aenter__(self) -> FairScorer:
        return self

    async def __aexit__(self, *exc: object) -> None:
        return None

    def price(self, problem: str, path: Path) -> int:
        return self._price

    async def score(self, batch: Sequence[tuple[str, Path]]) -> Sequence[Scored]:
        self.batches.append(len(batch))
        await asyncio.sleep(self._delay_s)
        return [Scored(self._judge(path), Tokens(prompt=self._price)) for _, path in batch]


def said(request: Request, text: str) -> Extension:
    """A reply of `text`, a token a character, within what the request allows."""
    pieces_T = [Piece(char, ord(char) + 1, -0.1) for char in text][: request.max_tokens]
    finish = "stop" if len(pieces_T) == len(text) else "length"
    usage = Tokens(prompt=len(request.prompt_T) + len(request.path_T), generated=len(pieces_T))
    return Extension(cut_steps(pieces_T), finish, usage)  # type: ignore[arg-type]


def search(spec: str, limits: Limits = LIMITS) -> Search[Outcome]:
    return make(spec).search(limits)


def jobs(spec: str, n: int, budget: int | None = None) -> list[SearchJob]:
    return [SearchJob(f"p{i}", f"What is {i} + {i}?", search(spec), budget) for i in range(n)]


def scheduler(engine: Engine, scorer: Scorer | None = None, *, seed: int = 0) -> Scheduler:
    return Scheduler(engine, scorer or LogprobBaseline(), cast(Grader, Numbers()), seed=seed)


def solve_all(engine: Engine, todo: Iterable[SearchJob], scorer: Scorer | None = None) -> dict[str, Solved]:
    """Every job by its problem's id. Fails where a task outlives the run."""

    async def run() -> dict[str, Solved]:
        solved = {s.job.problem_id: s async for s in scheduler(engine, scorer).run(todo)}
        await assert_no_task_is_left()
        return solved

    return asyncio.run(run())


async def assert_no_task_is_left() -> None:
    """The batcher's own task may need one turn of the loop to notice that nothing waits."""
    await asyncio.sleep(0)
    left: set[asyncio.Task[Any]] = asyncio.all_tasks() - {cast("asyncio.Task[Any]", asyncio.current_task())}
    assert not left
