"""The one way through: problems in, results out.

difficulty.predict -> decide -> strategy.search -> scheduler.run -> grade -> Result
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, aclosing
from functools import partial
from itertools import chain, islice
from statistics import fmean
from types import TracebackType
from typing import Self, TypeAlias

from compute_router.decide.chooser import Chooser
from compute_router.decide.decision import Decision
from compute_router.decide.price import Price
from compute_router.decide.table import Table
from compute_router.difficulty import Distribution, PolicyModel, Predictor
from compute_router.engines import Engine
from compute_router.errors import InputError
from compute_router.execute.scheduler import Scheduler
from compute_router.execute.search_job import Assess, SearchJob, Solved
from compute_router.grading import Grader
from compute_router.ledger import Ledger
from compute_router.policies import Limits, Outlook, Path
from compute_router.policies import value as path_value
from compute_router.problem import Problem
from compute_router.result import Result
from compute_router.scoring import Scorer
from compute_router.solve_options import SolveOptions

__all__ = ["Router"]

Decide: TypeAlias = Callable[[list[Problem]], list[Decision]]

DECIDE_AT_ONCE = 256
"""Problems whose difficulty is predicted in one batch, just ahead of the search, the longest first."""


class Router:
    """Solves problems with the search and the budget that each is worth. A context manager.

    >>> with Router(engine, scorer, predictor, table) as router:          # doctest: +SKIP
    ...     for result in router.solve_many(problems):
    ...         print(result.problem.id, result.answer, result.ledger.spent)

    The engine and the scorer are started by the first search and stopped on exit. `seed` with a problem's
    id and the search's own keys gives every sample its seed, whatever the order of arrival.
    """

    def __init__(
        self,
        engine: Engine,
        scorer: Scorer,
        predictor: Predictor,
        table: Table,
        *,
        grader: Grader | None = None,
        limits: Limits = Limits(),
        price: Price | None = None,
        seed: int = 0,
    ) -> None:
        self.engine = engine
        self.scorer = scorer
        self._chooser = Chooser(
            predictor,
            table,
            PolicyModel(engine.model.name, engine.model.params),
            scorer.name,
            price=price,
            prm_params=scorer.params,
        )
        self._probe = predictor.probe.of(scorer.name)
        self._grader = grader or Grader()
        self.limits = limits
        self._seed = seed
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._scheduler: Scheduler | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._runner.run(self._stack.aclose())
        finally:
            self._runner.close()
            self._grader.close()

    def decide(self, problems: Iterable[str], options: SolveOptions = SolveOptions()) -> list[Decision]:
        """The decision for each problem's text, without solving; nothing is started."""
        return self._chooser.decide(list(problems), options)

    def solve_many(
        self,
        problems: Iterable[Problem],
        options: SolveOptions = SolveOptions(),
        *,
        workload: Sequence[Problem] = (),
    ) -> Iterator[Result]:
        """Solve problems, many at once. Not for use inside a running event loop: there, iterate `stream`.

        Args:
            problems: drawn as the engine has room.
            options: how they are solved.
            workload: problems that share `options.average_budget` and are solved already, so that a run
                goes on as it began.

        Returns:
            Results in order of completion. What one problem does, even to fail, is in its own result.

        Raises:
            EngineError: the engine cannot be started.
            InputError: two problems in flight share an id, or no arm was measured for an average budget.
        """
        results = self.stream(problems, options, workload=workload)
        try:
            while True:
                result = self._runner.run(_next(results))
                if result is None:
                    return
                yield result
        finally:
            self._runner.run(results.aclose())

    def solve(self, text: str, options: SolveOptions = SolveOptions()) -> Result:
        """The result of one problem. Raises as `solve_many` does.

        >>> router.solve("Compute 27 + 45.", SolveOptions(budget=2000)).answer      # doctest: +SKIP
        '72'
        """
        [result] = self.solve_many([Problem("problem", text)], options)
        return result

    async def stream(
        self,
        problems: Iterable[Problem],
        options: SolveOptions = SolveOptions(),
        *,
        workload: Sequence[Problem] = (),
    ) -> AsyncGenerator[Result, None]:
        """`solve_many` for an event loop of one's own."""
        decide: Decide
        if options.average_budget is None:
            decide = partial(self._decided, options=options)
        else:
            problems = list(problems)
            decide = self._together(problems, workload, options)
        decided: dict[str, tuple[Problem, Decision]] = {}
        broken: list[Problem] = []
        jobs = self._jobs(problems, decide, options, decided, broken)
        first = next(jobs, None)
        if first is not None:  # else there is nothing to start an engine for
            scheduler = await self._start()
            async with aclosing(scheduler.run(chain([first], jobs), options.caps)) as finished:
                async for solved in finished:
                    while broken:
                        yield self._refused(broken.pop())
                    yield await self._graded(solved, *decided.pop(solved.job.problem_id))
        while broken:
            yield self._refused(broken.pop())

    async def _start(self) -> Scheduler:
        if self._scheduler is None:
            await self._stack.enter_async_context(self.engine)
            await self._stack.enter_async_context(self.scorer)
            self._scheduler = Scheduler(self.engine, self.scorer, self._grader, seed=self._seed)
        return self._scheduler

    def _decided(self, problems: list[Problem], *, options: SolveOptions) -> list[Decision]:
        return self.decide([one.text for one in problems], options)

    def _together(
        self, problems: Iterable[Problem], workload: Sequence[Problem], options: SolveOptions
    ) -> Decide:
        """All decided at once; what is asked for later is looked up. In the order of their names, so that
        which of two equal problems an average budget favours does not depend on the order of the input."""
        sound = {one.id: one.text for one in (*workload, *problems) if one.error is None}
        names = sorted(sound)
        decisions = self.decide([sound[name] for name in names], options)
        of = dict(zip(names, decisions, strict=True))
        return lambda some: [of[one.id] for one in some]

    def _jobs(
        self,
        problems: Iterable[Problem],
        decide: Decide,
        options: SolveOptions,
        decided: dict[str, tuple[Problem, Decision]],
        broken: list[Problem],
    ) -> Iterator[SearchJob]:
        """Decides as the scheduler draws; notes each decision, and each row that is no problem."""
        waiting = iter(problems)
        while some := list(islice(waiting, DECIDE_AT_ONCE)):
            broken += [problem for problem in some if problem.error is not None]
            sound = [problem for problem in some if problem.error is None]
            decisions = decide(sound)
            # Longest first: what is dear starts early, so that the end of a run does not wait for it alone.
            for problem, decision in sorted(
                zip(sound, decisions, strict=True), key=lambda pair: -(pair[1].tokens or 0.0)
            ):
                if problem.id in decided:
                    raise InputError(f"two problems have the id {problem.id!r}")
                decided[problem.id] = problem, decision
                yield SearchJob(
                    problem.id,
                    problem.text,
                    decision.strategy.search(self.limits),
                    options.budget,
                    options.deadline_s,
                    self._assess(decision.difficulty),
                )

    def _assess(self, prior: Distribution) -> Assess:
        """How the first samples change what was predicted. A baseline's values are no probabilities of
        being right, so only the agreement counts there."""
        believed = not self.scorer.is_baseline

        def assess(paths_N: tuple[Path, ...], votes_N: tuple[int | None, ...]) -> Outlook:
            values_N = [path_value(path, "last") for path in paths_N] if believed else None
            after = self._probe.update(prior, votes_N, values_N, list(map(_logprob, paths_N)))
            return Outlook(after.easy, after.medium, after.hard)

        return assess

    async def _graded(self, solved: Solved, problem: Problem, decision: Decision) -> Result:
        correct = None
        if problem.gold is not None:
            answer = solved.outcome.answer if solved.outcome else None
            correct = await self._grader.correct(problem.gold, answer)
        return Result(
            problem=problem,
            outcome=solved.outcome,
            correct=correct,
            decision=decision,
            ledger=solved.ledger,
            prm=self.scorer.name,
            prm_is_baseline=self.scorer.is_baseline,
            degraded=solved.degraded,
            error=solved.error,
        )

    def _refused(self, problem: Problem) -> Result:
        return Result(
            problem=problem,
            outcome=None,
            correct=None if problem.gold is None else False,
            decision=None,
            ledger=Ledger(self.engine.model.params, self.scorer.params),
            prm=self.scorer.name,
            prm_is_baseline=self.scorer.is_baseline,
            error=InputError(problem.error or ""),
        )


def _logprob(path: Path) -> float | None:
    """The mean over its tokens, in nats; None where the engine reports none."""
    logprobs = [logprob for step in path.steps_S for logprob in step.logprobs_T]
    return fmean(logprobs) if logprobs else None


async def _next(results: AsyncIterator[Result]) -> Result | None:
    return await anext(results, None)
