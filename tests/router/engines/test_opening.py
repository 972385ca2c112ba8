"""A solution that is begun for the policy model: what it begins with is read, is text, and is not written."""

from __future__ import annotations

import pytest

from compute_router.engines import Extension, Request, ScriptedEngine
from compute_router.errors import EngineError
from compute_router.execute.scheduler import Solved
from compute_router.policies.direct import OPENING
from support.kit import jobs, said, solve_all

PROBLEM = "What is 0 + 0?"


def read(request: Request) -> str:
    return "".join(chr(token - 1) for token in request.prompt_T)


async def answers(request: Request) -> Extension:
    return said(request, "42}.")


def alone(engine: ScriptedEngine, budget: int | None = None) -> Solved:
    [solved] = solve_all(engine, jobs("direct", 1, budget)).values()
    return solved


def test_it_stands_after_the_problem_and_before_the_solution() -> None:
    seen: list[Request] = []

    async def script(request: Request) -> Extension:
        seen.append(request)
        return await answers(request)

    solved = alone(ScriptedEngine(script=script))
    assert [read(request) for request in seen] == [PROBLEM + OPENING]
    assert solved.outcome is not None
    [path] = solved.outcome.paths_N
    assert path.text == OPENING + "42}."
    assert solved.outcome.answer == "42"
    assert path.n_tokens == solved.ledger.policy.generated == len("42}.")
    assert solved.ledger.policy.prompt == len(PROBLEM + OPENING)


def test_a_failure_is_tried_again_with_it() -> None:
    seen: list[str] = []

    async def script(request: Request) -> Extension:
        seen.append(read(request))
        if len(seen) == 1:
            raise EngineError("lost", retryable=True)
        return await answers(request)

    solved = alone(ScriptedEngine(script=script))
    assert seen == [PROBLEM + OPENING] * 2
    assert solved.error is None
    assert solved.outcome is not None
    assert solved.outcome.answer == "42"


@pytest.mark.parametrize("budget", [1, 3, 4, 500])
def test_a_budget_holds(budget: int) -> None:
    async def script(request: Request) -> Extension:
        return said(request, "42}."[: request.max_tokens])

    assert alone(ScriptedEngine(script=script), budget).ledger.spent == min(budget, 4)


def test_a_context_that_it_would_overflow_ends_the_path() -> None:
    full = ScriptedEngine(context=len(PROBLEM) + len(OPENING))
    solved = alone(full)
    assert solved.error is None
    assert solved.outcome is not None
    assert [path.finish for path in solved.outcome.paths_N] == ["length"]
    room = alone(ScriptedEngine(context=len(PROBLEM) + len(OPENING) + 2, script=answers))
    assert room.outcome is not None
    assert [(path.text, path.finish) for path in room.outcome.paths_N] == [(OPENING + "42", "length")]


def test_nothing_written_is_nothing_said() -> None:
    async def script(request: Request) -> Extension:
        return said(request, "")

    outcome = alone(ScriptedEngine(script=script)).outcome
    assert outcome is not None
    assert outcome.answer is None
