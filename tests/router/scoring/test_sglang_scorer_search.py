"""Whole searches whose PRM is behind SGLang: the scheduler's batches, budget and bill."""

from __future__ import annotations

import asyncio

import pytest

from compute_router.engines import ScriptedEngine
from compute_router.execute.scheduler import Scheduler, SearchJob, Solved
from compute_router.grading import Grader
from compute_router.policies import Limits, make
from support.prm_kit import expected, labels, scorer
from support.prm_mock import PrmMock

PROBLEM = "What is 12 + 30?"


def solve(mock: PrmMock, kind: str, spec: str, *, budget: int | None = None, jobs: int = 3) -> list[Solved]:
    async def main() -> list[Solved]:
        async with ScriptedEngine() as engine, scorer(mock.url, kind=kind) as prm:
            with Grader() as grader:
                scheduler = Scheduler(engine, prm, grader, seed=3)
                searches = [
                    SearchJob(f"p{n}", f"{PROBLEM} ({n})", make(spec).search(Limits()), budget=budget)
                    for n in range(jobs)
                ]
                return list(await asyncio.gather(*map(scheduler.solve, searches)))

    return asyncio.run(main())


@pytest.mark.parametrize("kind", ["pair", "value"])
@pytest.mark.parametrize("spec", ["best_of_n:n=4", "beam:n=8,m=2", "dvts:n=8,m=4", "mcts:n=4", "rebase:n=8"])
def test_a_search_gets_the_models_scores_and_pays_for_each_token_once(kind: str, spec: str) -> None:
    with PrmMock(labels=labels(kind)).serving() as mock:
        solved = solve(mock, kind, spec)
    for one in solved:
        assert one.error is None
        assert one.degraded is None
        assert one.outcome is not None
        for path in one.outcome.paths_N:
            if path.is_scored:
                steps = [step.text for step in path.steps_S]
                assert path.scores_S == pytest.approx(expected(kind, one.job.text, steps))
        assert one.ledger.prm_params == 10**9
    computed = sum(one.ledger.prm.computed for one in solved)
    if kind == "pair":
        assert computed == mock.computed
    else:
        assert mock.computed <= computed <= mock.computed + 3 * 60 * len(solved)


def test_a_budget_is_kept() -> None:
    with PrmMock().serving() as mock:
        free = solve(mock, "pair", "beam:n=8,m=2", jobs=1)
    budget = free[0].ledger.spent // 2
    with PrmMock().serving() as mock:
        [solved] = solve(mock, "pair", "beam:n=8,m=2", budget=budget, jobs=1)
    assert solved.ledger.spent <= budget
    assert solved.outcome is not None
