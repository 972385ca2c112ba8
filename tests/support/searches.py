"""A whole search on a real engine, small enough for a test."""

from __future__ import annotations

from compute_router.engines import Engine
from compute_router.execute.scheduler import Scheduler, SearchJob
from compute_router.grading import Grader
from compute_router.policies import Limits, Outcome, make
from compute_router.scoring import LogprobBaseline

__all__ = ["SEARCHES", "search_on"]

SEARCHES = (
    "direct",
    "greedy",
    "majority:n=3",
    "best_of_n:n=4",
    "best_of_n:n=4,prune=0.3,first=greedy",
    "best_of_n:n=3,first=greedy,backtrack=2",
    "beam:n=4,m=2",
    "dvts:n=4,m=2",
)
"""A solution that is begun, samples to their end and step by step, and both kinds of tree."""

_BUDGET = 400


async def search_on(engine: Engine, spec: str, problem: str) -> Outcome:
    """`spec` comes to an end on a started engine, with paths, within its budget, all of it billed."""
    with Grader() as grader:
        scheduler = Scheduler(engine, LogprobBaseline(), grader, seed=3)
        search = make(spec).search(Limits(step_tokens=32, path_tokens=64, steps=4))
        solved = await scheduler.solve(SearchJob(spec, problem, search, budget=_BUDGET))
    assert solved.error is None
    assert solved.outcome is not None
    assert solved.outcome.paths_N
    assert 0 < solved.ledger.spent <= _BUDGET
    assert solved.ledger.policy.generated >= sum(path.n_tokens for path in solved.outcome.paths_N[:1])
    return solved.outcome
