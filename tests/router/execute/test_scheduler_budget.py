"""A budget is a hard cap, and the best answer so far comes back."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute_router.engines import Extension, Request, ScriptedEngine
from compute_router.engines.scripted import Script
from compute_router.execute.scheduler import Solved
from support.kit import FairScorer, jobs, said, solve_all

SPECS = (
    "direct",
    "greedy",
    "majority:n=5",
    "best_of_n:n=5",
    "best_of_n:n=5,reject=0.5",
    "beam:n=4,m=2",
    "dvts:n=4,m=2",
    "rebase:n=4",
    "mcts:n=4,m=2",
    "reroute:n=4,m=2,probe=2",
)


@pytest.mark.parametrize("spec", SPECS)
@given(budget=st.integers(1, 800), price=st.sampled_from([0, 7]))
@settings(max_examples=25, deadline=None)
def test_a_budget_is_never_exceeded(spec: str, budget: int, price: int) -> None:
    [solved] = solve_all(ScriptedEngine(), jobs(spec, 1, budget), FairScorer(price=price)).values()
    assert solved.ledger.spent <= budget
    assert solved.error is None


@pytest.mark.parametrize("spec", SPECS)
def test_a_budget_that_suffices_changes_nothing(spec: str) -> None:
    [free] = solve_all(ScriptedEngine(), jobs(spec, 1)).values()
    [capped] = solve_all(ScriptedEngine(), jobs(spec, 1, 1_000_000)).values()
    assert capped.outcome == free.outcome


async def long_reply(request: Request) -> Extension:
    return said(request, f"{'so ' * 30}\\boxed{{7}}")  # 99 tokens


@pytest.mark.parametrize("spec", ["majority:n=8", "best_of_n:n=8"])
def test_the_best_answer_so_far_comes_back(spec: str) -> None:
    # A path may want 400 tokens: the first has room for them, and what it left over goes to the others.
    [solved] = solve_all(ScriptedEngine(script=long_reply), jobs(spec, 1, 250)).values()
    assert solved.outcome is not None
    assert solved.outcome.answer == "7"
    assert [path.finish for path in solved.outcome.paths_N] == ["stop", "stop", *["budget"] * 6]
    assert [path.n_tokens for path in solved.outcome.paths_N] == [99, 99, 52, 0, 0, 0, 0, 0]
    assert solved.ledger.spent == 250
    assert solved.error is None


def test_a_budget_below_one_answer_is_spent_and_answers_nothing() -> None:
    [solved] = solve_all(ScriptedEngine(script=long_reply), jobs("majority:n=4", 1, 20)).values()
    assert solved.outcome is not None
    assert solved.outcome.answer is None
    assert solved.ledger.spent == 20
    assert {path.finish for path in solved.outcome.paths_N} == {"budget"}
    assert solved.error is None


def test_scores_that_the_budget_cannot_pay_are_named() -> None:
    [solved] = solve_all(
        ScriptedEngine(script=long_reply), jobs("best_of_n:n=2", 1, 210), FairScorer(price=50)
    ).values()
    assert solved.outcome is not None
    assert solved.outcome.answer == "7"
    assert solved.degraded == "the budget left some paths unscored"
    assert solved.ledger.spent <= 210


def test_problems_have_a_budget_each() -> None:
    for solved in solve_all(ScriptedEngine(script=long_reply), jobs("majority:n=8", 3, 250)).values():
        assert solved.ledger.spent == 250


@pytest.mark.parametrize("spec", SPECS)
@given(budget=st.integers(1, 1500), price=st.sampled_from([0, 7]), order=st.integers(1, 1000))
@settings(max_examples=15, deadline=None)
def test_under_a_budget_the_order_of_completion_changes_nothing(
    spec: str, budget: int, price: int, order: int
) -> None:
    async def late(request: Request) -> None:
        for _ in range(hash((order, request.seed, len(request.path_T))) % 7):
            await asyncio.sleep(0)

    def solved(script: Script | None) -> Solved:
        engine = ScriptedEngine(script=script)
        [one] = solve_all(engine, jobs(spec, 1, budget), FairScorer(price=price)).values()
        return one

    one, other = solved(None), solved(late)
    assert other.outcome == one.outcome
    assert (other.ledger.policy, other.ledger.prm) == (one.ledger.policy, one.ledger.prm)
