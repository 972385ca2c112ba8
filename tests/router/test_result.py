"""Rows: what they say, and that configs/result.schema.json holds for all of them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jsonschema
import orjson
import pytest
from router_kit import MakeRouter

from compute_router import Problem, Result, ScriptedEngine, SolveOptions
from compute_router.engines.base import Extension, Request
from compute_router.errors import ContextOverflow, EngineError
from compute_router.io.data_files import data_path
from compute_router.io.result_row import result_row, result_schema
from compute_router.ledger import Tokens
from compute_router.policies import STRATEGIES, Step
from compute_router.policies import make as make_strategy

SCHEMA = json.loads(data_path("result.schema.json").read_text())
VALID = jsonschema.Draft202012Validator(SCHEMA)
SPECS = [
    "direct",
    "greedy",
    "majority:n=3",
    "majority:n=5,stop=0.9",
    "best_of_n:n=3,select=weighted",
    "best_of_n:n=4,reject=0.5",
    "beam:n=4,m=2,lookahead=1",
    "dvts:n=4,m=2",
    "rebase:n=4",
    "mcts:n=4,m=2",
    "reroute:n=4,m=2,probe=2",
]


def given(spec: str) -> SolveOptions:
    return SolveOptions(strategy=make_strategy(spec))


def checked(result: Result) -> dict[str, Any]:
    """The row as it is on disk."""
    row: dict[str, Any] = json.loads(orjson.dumps(result_row(result)))
    VALID.validate(row)
    return row


def replying(**step: Any) -> ScriptedEngine:
    """An engine that always writes this one step."""

    async def script(request: Request) -> Extension:
        return Extension((Step(**step),), "stop", Tokens(1, 0, 1))

    return ScriptedEngine(script=script)


def test_the_schema_is_a_schema_and_is_strict() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def objects(node: Any) -> list[dict[str, Any]]:
        if isinstance(node, list):
            return [found for item in node for found in objects(item)]
        if not isinstance(node, dict):
            return []
        own = [node] if node.get("type") == "object" and "properties" in node else []
        return own + objects(list(node.values()))

    found = objects(SCHEMA)
    assert len(found) > 8
    for node in found:
        assert node["additionalProperties"] is False
        assert set(node["required"]) == set(node["properties"]) - {"taken_back"}


def test_every_strategy_is_tried_here() -> None:
    assert {make_strategy(spec).name for spec in SPECS} >= set(STRATEGIES)


@pytest.mark.parametrize("spec", [*SPECS, None], ids=str)
@pytest.mark.parametrize("budget", [None, 100, 1])
def test_rows_of_every_strategy_are_valid(
    spec: str | None, budget: int | None, make_router: MakeRouter
) -> None:
    problems = [
        Problem("a", "Compute 1 + 1.", "2"),
        Problem("b", "Prove it."),
        Problem("c", "", error="The problem's text is empty."),
        Problem("d", "long " * 2000, "7"),
    ]
    with make_router() as router:
        options = SolveOptions(strategy=make_strategy(spec) if spec else None, budget=budget)
        rows = {r.problem.id: checked(r) for r in router.solve_many(problems, options)}
    assert set(rows) == set("abcd")
    assert rows["c"]["error"]["type"] == "InputError"
    assert rows["d"]["error"]["type"] == "ContextOverflow"
    assert rows["d"]["correct"] is False
    for name in "ab":
        paths = rows[name]["paths"]
        assert paths
        assert all(len(path["steps"]) == len(path["tokens"]) == len(path["logprobs"]) for path in paths)
        if rows[name]["chosen"] is not None:
            assert paths[rows[name]["chosen"]]["answer"] == rows[name]["answer"]


def test_the_schema_is_that_of_the_rows() -> None:
    assert result_schema() == SCHEMA


def test_tokens_that_backtracking_discarded_stand_in_the_rows_that_have_them(make_router: MakeRouter) -> None:
    for lost, there in ((0, False), (3, True)):
        engine = replying(text="\\boxed{4}", tokens_T=(1, 2), taken_back=lost)
        with make_router(engine) as router:
            [path] = checked(router.solve("x", given("greedy")))["paths"]
        assert ("taken_back" in path) == there
        assert path.get("taken_back", [0]) == [lost]


def test_a_result_says_what_its_outcome_says(make_router: MakeRouter) -> None:
    with make_router() as router:
        result = router.solve("Compute 1 + 1.", given("majority:n=4"))
        assert result.outcome is not None
        assert result.answer == result.outcome.answer is not None
        [refused] = router.solve_many([Problem("c", "", error="The problem's text is empty.")])
    assert (refused.outcome, refused.answer, refused.decision) == (None, None, None)


def test_a_row_that_breaks_the_schema_is_seen(make_router: MakeRouter) -> None:
    with make_router() as router:
        row = checked(router.solve("Compute 1 + 1.", given("majority:n=2")))
    for change in (
        {"extra": 1},
        {"correct": True},
        {"chosen": None},
        {"decision": None},
        {"error": "text"},
        {"ledger": {**row["ledger"], "policy": {"prompt_tokens": 1}}},
    ):
        assert list(VALID.iter_errors(row | change)), change


@pytest.mark.parametrize("error", [EngineError("gone", retryable=False), ContextOverflow("too long")])
def test_a_problem_whose_paths_all_fail_is_a_failed_row(error: EngineError, make_router: MakeRouter) -> None:
    async def script(request: Request) -> Extension:
        raise error

    with make_router(script=script) as router:
        row = checked(router.solve("x", given("best_of_n:n=2")))
    assert row["error"] == {"type": type(error).__name__, "message": str(error), "retryable": False}
    assert [path["error"] for path in row["paths"]] == [str(error)] * 2


def test_one_failed_path_is_data(make_router: MakeRouter) -> None:
    seen: list[int] = []

    async def script(request: Request) -> Extension | None:
        seen.append(request.seed)
        if len(seen) == 1:
            raise EngineError("gone", retryable=False)
        return None

    with make_router(script=script) as router:
        row = checked(router.solve("x", given("majority:n=4")))
    assert row["error"] is None
    assert row["answer"] is not None
    assert sorted(path["finish"] for path in row["paths"]) == ["failed", "stop", "stop", "stop"]


def test_whether_another_run_may_do_better_is_in_the_row(make_router: MakeRouter) -> None:
    with make_router() as router:
        result = router.solve("x")
    for error, retryable in (
        (EngineError("gone"), True),
        (EngineError("gone", retryable=False), False),
        (ContextOverflow("too long"), False),
    ):
        assert checked(replace(result, error=error))["error"]["retryable"] is retryable


@pytest.mark.parametrize("logprob", [float("nan"), float("-inf")])
def test_figures_that_json_has_not_are_null(logprob: float, make_router: MakeRouter) -> None:
    engine = replying(text="The answer is \\boxed{4}.", tokens_T=(1, 2), logprobs_T=(-1.0, logprob))
    with make_router(engine) as router:
        row = result_row(router.solve("x", given("majority:n=2")))
    assert [path["logprobs"] for path in row["paths"]] == [[None], [None]]
    VALID.validate(json.loads(json.dumps(row, allow_nan=False)))


def test_text_that_json_has_not_is_replaced(make_router: MakeRouter) -> None:
    engine = replying(text="a \ud800 \\boxed{\udc00 4 \0}")
    with make_router(engine) as router:
        row = checked(router.solve("x", given("greedy")))
    assert row["paths"][0]["steps"] == ["a \ufffd \\boxed{\ufffd 4 \ufffd}"]
    assert row["answer"] == "\ufffd 4 \ufffd"
