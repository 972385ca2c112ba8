"""The request path as a whole: repeatable, indifferent to order, within its budget."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from router_kit import MakeRouter, untimed

from compute_router import Problem, Router, SolveOptions
from compute_router.engines.base import Extension, Request
from compute_router.errors import EngineError, InputError
from compute_router.io.result_row import result_row
from compute_router.policies import Limits, spec
from compute_router.policies import make as make_strategy

SPECS = ["greedy", "majority:n=8", "best_of_n:n=8,select=weighted", "beam:n=8,m=2", "dvts:n=8,m=4"]
GREEDY = SolveOptions(strategy=make_strategy("greedy"))
PROBLEMS = [Problem(f"p{i}", f"{'Prove' if i % 3 else 'Compute'} {i} + {i * i}.", str(i)) for i in range(12)]


def solved(
    router: Router, problems: list[Problem] = PROBLEMS, strategy: str | None = None, budget: int | None = None
) -> dict[str, dict[str, Any]]:
    options = SolveOptions(strategy=make_strategy(strategy) if strategy else None, budget=budget)
    with router:
        rows = [untimed(result_row(one)) for one in router.solve_many(problems, options)]
    assert len(rows) == len(problems)
    return {row["id"]: row for row in rows}


@pytest.mark.parametrize("strategy", [*SPECS, None], ids=str)
def test_the_same_seed_gives_the_same_rows_and_another_does_not(
    strategy: str | None, make_router: MakeRouter
) -> None:
    first = solved(make_router(seed=7), strategy=strategy)
    assert solved(make_router(seed=7, delay_s=0.01, slots=3), strategy=strategy) == first
    texts = [row["paths"] for row in first.values()]
    other = [row["paths"] for row in solved(make_router(seed=8), strategy=strategy).values()]
    if strategy != "greedy":
        assert other != texts


@pytest.mark.parametrize("budget", [None, 300])
def test_the_order_of_the_input_does_not_matter(budget: int | None, make_router: MakeRouter) -> None:
    shuffled = Random(0).sample(PROBLEMS, len(PROBLEMS))
    first = solved(make_router(delay_s=0.01, slots=2), budget=budget)
    assert solved(make_router(delay_s=0.01, slots=5), shuffled, budget=budget) == first
    assert solved(make_router(), PROBLEMS[5:6], budget=budget) == {"p5": first["p5"]}


@pytest.mark.parametrize("strategy", [*SPECS, None], ids=str)
@pytest.mark.parametrize("budget", [1, 60, 300])
def test_no_problem_exceeds_its_budget(strategy: str | None, budget: int, make_router: MakeRouter) -> None:
    limits = Limits(step_tokens=50, path_tokens=400)
    for row in solved(make_router(delay_s=0.002, limits=limits), strategy=strategy, budget=budget).values():
        policy, prm = row["ledger"]["policy"], row["ledger"]["prm"]
        spent = policy["generated_tokens"] + prm["prompt_tokens"] - prm["cached_tokens"]
        assert 0 < spent <= budget
        assert sum(sum(path["tokens"]) for path in row["paths"]) > 0
        assert row["error"] is None


def test_a_spent_budget_gives_the_best_answer_so_far(make_router: MakeRouter) -> None:
    free = solved(make_router(), strategy="majority:n=8")
    capped = solved(make_router(), strategy="majority:n=8", budget=300)
    for name, row in capped.items():
        cut = [path for path in row["paths"] if path["finish"] == "budget"]
        whole = [path for path in row["paths"] if path["finish"] == "stop"]
        assert cut
        assert whole
        assert row["answer"] in {path["answer"] for path in whole}
        assert (
            row["ledger"]["policy"]["generated_tokens"] < free[name]["ledger"]["policy"]["generated_tokens"]
        )


def test_a_budget_of_nothing_is_refused(make_router: MakeRouter) -> None:
    with make_router() as router, pytest.raises(InputError, match="whole number of tokens from 1"):
        list(router.solve_many(PROBLEMS, SolveOptions(budget=0)))


def test_the_table_decides_by_difficulty_and_every_row_says_so(make_router: MakeRouter) -> None:
    strategies = set()
    for row in solved(make_router()).values():
        decision = row["decision"]
        assert decision["table_row"] == f"paper/<7B/{decision['label']}"
        assert sum(decision["difficulty"].values()) == pytest.approx(1)
        assert row["prm"] == {"name": "logprob-baseline", "is_baseline": True}
        strategies.add((decision["label"] == "easy", decision["strategy"].split(":")[0]))
    assert strategies == {(True, "best_of_n"), (False, "beam")}


def test_decide_says_what_solve_does_without_starting_anything(make_router: MakeRouter) -> None:
    async def script(request: Request) -> Extension:
        raise AssertionError("the engine was asked")

    with make_router(script=script) as router:
        decided = router.decide([problem.text for problem in PROBLEMS])
    rows = solved(make_router())
    assert [spec(one.strategy) for one in decided] == [rows[p.id]["decision"]["strategy"] for p in PROBLEMS]


def test_rows_that_are_no_problem_are_results_too(make_router: MakeRouter) -> None:
    broken = [Problem(f"bad{i}", "", error="The problem's text is empty.") for i in range(70)]
    rows = solved(make_router(), [*broken[:40], *PROBLEMS, *broken[40:]], strategy="greedy")
    assert {name for name, row in rows.items() if row["error"]} == {problem.id for problem in broken}
    assert len(solved(make_router(), broken)) == 70
    assert solved(make_router(), []) == {}


def test_two_problems_with_one_id_are_refused(make_router: MakeRouter) -> None:
    with make_router() as router, pytest.raises(InputError, match="two problems have the id 'p'"):
        list(router.solve_many([Problem("p", "a"), Problem("p", "b")], GREEDY))


def test_what_one_problem_does_is_in_its_own_result(make_router: MakeRouter) -> None:
    async def script(request: Request) -> Extension | None:
        if request.prompt_T[0] == ord("P") + 1:
            raise EngineError("gone", retryable=False)
        return None

    for name, row in solved(make_router(script=script), strategy="majority:n=2").items():
        failed = next(p for p in PROBLEMS if p.id == name).text.startswith("Prove")
        assert (row["error"] is not None) == failed
        assert (row["answer"] is None) == failed
        assert row["correct"] is not None


def test_leaving_early_leaves_nothing_running(make_router: MakeRouter) -> None:
    running: set[int] = set()

    async def script(request: Request) -> None:
        import asyncio

        running.add(request.seed)
        try:
            await asyncio.sleep(0 if request.prompt_T[8:10] == (ord("0") + 1, ord(" ") + 1) else 60)
        finally:
            running.remove(request.seed)

    with make_router(script=script) as router:
        for result in router.solve_many(PROBLEMS, GREEDY):
            assert result.problem.id == "p0"
            break
    assert not running


def test_the_answer_is_graded_as_mathematics(make_router: MakeRouter) -> None:
    async def script(request: Request) -> Extension:
        from compute_router.ledger import Tokens
        from compute_router.policies import Step

        return Extension((Step("So \\boxed{\\frac{1}{2}}.", (1,)),), "stop", Tokens(1, 0, 1))

    golds = {"a": "0.5", "b": "\\frac{2}{4}", "c": "2", "d": None}
    problems = [Problem(name, "x", gold) for name, gold in golds.items()]
    rows = solved(make_router(script=script), problems, strategy="greedy")
    assert {name: row["correct"] for name, row in rows.items()} == {
        "a": True,
        "b": True,
        "c": False,
        "d": None,
    }


def test_two_problems_of_one_text_are_sampled_apart(make_router: MakeRouter) -> None:
    rows = solved(make_router(), [Problem("a", "Compute."), Problem("b", "Compute.")], "majority:n=8")
    assert rows["a"]["paths"] != rows["b"]["paths"]
