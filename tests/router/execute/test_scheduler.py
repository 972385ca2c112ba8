"""One scheduler: what it finds hangs on names and replies, never on the order of arrival."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute_router.engines import Extension, Request, ScriptedEngine
from compute_router.execute.scheduler import SearchJob, Solved
from compute_router.ledger import Tokens
from compute_router.policies import Limits
from support.kit import FairScorer, jobs, said, scheduler, solve_all

SAMPLING = ("greedy", "majority:n=6", "best_of_n:n=6,select=weighted")
STEPWISE = ("beam:n=6,m=2", "dvts:n=6,m=2")


def shuffled(order: int, *, slots: int = 16) -> ScriptedEngine:
    """Replies after a random number of turns of the loop."""
    random = Random(order)

    async def script(request: Request) -> None:
        for _ in range(random.randrange(10)):
            await asyncio.sleep(0)

    return ScriptedEngine(slots=slots, script=script)


def timeless(solved: dict[str, Solved]) -> dict[str, object]:
    return {
        name: (s.outcome, replace(s.ledger, seconds=0.0), s.degraded, s.error) for name, s in solved.items()
    }


@pytest.mark.parametrize("spec", SAMPLING + STEPWISE)
@given(order=st.integers(0, 1000))
@settings(max_examples=8, deadline=None)
def test_any_order_of_replies_gives_the_same_results_and_bills(spec: str, order: int) -> None:
    undisturbed = solve_all(ScriptedEngine(), jobs(spec, 3))
    assert timeless(solve_all(shuffled(order), jobs(spec, 3))) == timeless(undisturbed)


@pytest.mark.parametrize("spec", SAMPLING)
@given(order=st.integers(0, 1000), budget=st.integers(1, 500))
@settings(max_examples=15, deadline=None)
def test_so_it_does_under_a_budget(spec: str, order: int, budget: int) -> None:
    undisturbed = solve_all(ScriptedEngine(), jobs(spec, 2, budget))
    assert timeless(solve_all(shuffled(order), jobs(spec, 2, budget))) == timeless(undisturbed)


@pytest.mark.parametrize("slots", [1, 2, 5])
def test_what_else_is_in_flight_changes_nothing(slots: int) -> None:
    together = timeless(solve_all(shuffled(1, slots=slots), jobs("majority:n=4", 6)))
    alone: dict[str, object] = {}
    for job in jobs("majority:n=4", 6):
        alone |= timeless(solve_all(ScriptedEngine(), [job]))
    assert together == alone


@pytest.mark.parametrize("spec", SAMPLING + STEPWISE)
def test_every_strategy_comes_to_an_answer(spec: str) -> None:
    for solved in solve_all(ScriptedEngine(), jobs(spec, 4)).values():
        assert solved.error is None
        assert solved.outcome is not None
        assert solved.outcome.answer is not None
        assert all(path.finish == "stop" for path in solved.outcome.paths_N)


def test_another_seed_is_another_search() -> None:
    async def paths(seed: int) -> object:
        [job] = jobs("majority:n=8", 1)
        outcome = (await scheduler(ScriptedEngine(), seed=seed).solve(job)).outcome
        assert outcome is not None
        return [path.text for path in outcome.paths_N]

    assert asyncio.run(paths(0)) == asyncio.run(paths(0)) != asyncio.run(paths(1))


def test_the_bill_is_the_sum_of_what_the_engines_reported() -> None:
    reported = []

    async def script(request: Request) -> Extension:
        reply = replace(said(request, "\\boxed{1}"), usage=Tokens(50, 40, 9))
        reported.append(reply.usage)
        return reply

    [solved] = solve_all(
        ScriptedEngine(script=script, params=7), jobs("best_of_n:n=5", 1), FairScorer(price=11)
    ).values()
    assert solved.ledger.policy == sum(reported, Tokens()) == Tokens(250, 200, 45)
    assert solved.ledger.prm == Tokens(prompt=55)
    assert (solved.ledger.policy_params, solved.ledger.prm_params) == (7, 10)
    assert solved.ledger.seconds > 0


def test_a_request_carries_what_the_strategy_asked() -> None:
    seen: list[Request] = []

    async def script(request: Request) -> Extension | None:
        seen.append(request)
        return None

    solve_all(ScriptedEngine(script=script), jobs("majority:n=4", 1))
    assert sorted(request.seed - seen[0].seed for request in seen) == [0, 1, 2, 3]
    assert {(r.until, r.max_tokens, r.path_T) for r in seen} == {("end", 400, ())}
    seen.clear()
    solve_all(ScriptedEngine(script=script), jobs("beam:n=2,m=2", 1))
    assert {request.until for request in seen} == {"step"}
    assert seen[0].path_T == ()
    assert seen[-1].path_T != ()


def test_a_path_never_leaves_the_context() -> None:
    asked: list[int] = []

    async def script(request: Request) -> Extension:
        asked.append(len(request.prompt_T) + len(request.path_T) + request.max_tokens)
        return said(request, "word " * 100)

    for spec in (*SAMPLING, *STEPWISE):
        [solved] = solve_all(ScriptedEngine(context=100, script=script), jobs(spec, 1)).values()
        assert solved.outcome is not None
        assert {path.finish for path in solved.outcome.paths_N} == {"length"}
    assert max(asked) == 100


def test_jobs_are_drawn_as_they_can_start() -> None:
    drawn = 0

    def many() -> Iterator[SearchJob]:
        nonlocal drawn
        for job in jobs("greedy", 10_000):
            drawn += 1
            yield job

    async def main() -> None:
        engine = shuffled(3, slots=4)
        finished = 0
        async with aclosing(scheduler(engine).run(many())) as results:  # type: ignore[type-var]
            async for _ in results:
                finished += 1
                assert drawn <= finished + engine.slots
                if finished == 50:
                    break

    asyncio.run(main())
    assert 50 <= drawn <= 54


def test_no_job_is_no_result() -> None:
    assert solve_all(ScriptedEngine(), []) == {}


def test_scores_of_many_problems_are_asked_together() -> None:
    scorer = FairScorer(delay_s=0.001)
    solve_all(ScriptedEngine(), jobs("best_of_n:n=4", 8), scorer)
    assert sum(scorer.batches) == 32
    assert len(scorer.batches) <= 4


def test_limits_default_to_the_papers() -> None:
    assert Limits() == Limits(step_tokens=2048, path_tokens=8192, steps=40, temperature=0.7)
