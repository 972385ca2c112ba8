"""A row of results.jsonl: its fields, how a result becomes one, and its JSON schema.

The rows are typed dictionaries and no pydantic models: a run reads and writes all of its rows, and a model
takes about 3 times as long to read and 4 times as long to write. The schema is made of the same types.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, NotRequired

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from compute_router.decide.decision import Decision
from compute_router.difficulty import Bin
from compute_router.io.strategy_text import strategy_text
from compute_router.ledger import Ledger, Tokens
from compute_router.policies import Finish, Outcome, Path
from compute_router.problem import storable
from compute_router.result import Result

__all__ = [
    "DecisionRow",
    "ErrorRow",
    "LedgerRow",
    "PathRow",
    "ResultRow",
    "decision_row",
    "result_row",
    "result_schema",
]

Text = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class BinsRow(TypedDict):
    easy: Share
    medium: Share
    hard: Share


class ExpectedRow(TypedDict):
    accuracy: Share | None
    tokens: Annotated[float, Field(ge=0)] | None


class DecisionRow(TypedDict):
    difficulty: Annotated[BinsRow, Field(description="Probabilities of the bins; they sum to 1.")]
    pass_at_1: Share
    label: Bin
    strategy: Annotated[Text, Field(description="The spec, every parameter written out.")]
    table_row: Annotated[Text | None, Field(description="Null where the user decided.")]
    reason: Text
    expected: Annotated[
        ExpectedRow,
        Field(description="What the table expects of the strategy; null where it was never measured."),
    ]


class TokensRow(TypedDict):
    prompt_tokens: Count
    cached_tokens: Annotated[Count, Field(description="The part of prompt_tokens that was reused.")]
    generated_tokens: Count


class FlopsRow(TypedDict):
    policy_only: Count
    policy_prm: Count
    net: Count


class LedgerRow(TypedDict):
    policy: TokensRow
    prm: TokensRow
    flops: FlopsRow
    seconds: Annotated[float, Field(ge=0)]


class PrmRow(TypedDict):
    name: Text
    is_baseline: Annotated[bool, Field(description="True where what scored is no learned PRM.")]


class PathRow(TypedDict):
    lineage: list[Count]
    steps: list[str]
    tokens: Annotated[list[Count], Field(description="Tokens of each step.")]
    logprobs: Annotated[
        list[float | None], Field(description="Sum over each step's tokens; null where it is not finite.")
    ]
    scores: Annotated[list[Share], Field(description="Of the PRM, one a step.")]
    answer: Text | None
    vote: Annotated[
        Count | None,
        Field(description="The first path whose answer equals this one's; null without an answer."),
    ]
    finish: Finish
    error: Annotated[str | None, Field(description="Why the engine failed on this path.")]
    taken_back: NotRequired[
        Annotated[
            list[Count],
            Field(description="Tokens of each step that backtracking discarded; left out where none."),
        ]
    ]


class ErrorRow(TypedDict):
    type: Text
    message: Text
    retryable: Annotated[bool, Field(description="True where the next run tries this problem again.")]


class ResultRow(TypedDict):
    """One problem of a run. What JSON cannot hold is replaced: a figure that is not finite by null, half of a
    surrogate pair by U+FFFD."""

    id: Annotated[Text, Field(description="The problem's own id, or one made of its text.")]
    problem: str
    answer: Annotated[Text | None, Field(description="Null where no path states one.")]
    gold: Annotated[Text | None, Field(description="The reference answer of the input.")]
    correct: Annotated[bool | None, Field(description="Null where there is no gold answer.")]
    decision: DecisionRow | None
    ledger: LedgerRow
    prm: PrmRow
    chosen: Annotated[Count | None, Field(description="Index into paths of the answer's path.")]
    paths: list[PathRow]
    rerouted: Annotated[Text | None, Field(description="What a search decided half-way.")]
    degraded: Annotated[Text | None, Field(description="What was done with less than asked.")]
    error: ErrorRow | None


_NOTHING = Outcome(answer=None, chosen=None, paths_N=(), votes_N=())
_NULL: dict[str, Any] = {"type": "null"}
_RULES: list[dict[str, Any]] = [
    {
        "description": "Only a row of the input that is no problem has no decision, and then it says why.",
        "if": {"properties": {"decision": _NULL}},
        "then": {"properties": {"error": {"type": "object"}, "paths": {"maxItems": 0}}},
    },
    {
        "if": {"properties": {"gold": _NULL}},
        "then": {"properties": {"correct": _NULL}},
        "else": {"properties": {"correct": {"type": "boolean"}}},
    },
    {
        "if": {"properties": {"answer": _NULL}},
        "then": {"properties": {"chosen": _NULL, "correct": {"enum": [False, None]}}},
        "else": {"properties": {"chosen": {"type": "integer"}, "paths": {"minItems": 1}}},
    },
]


def result_row(result: Result) -> ResultRow:
    """The result as one JSON object (configs/result.schema.json)."""
    outcome = result.outcome or _NOTHING
    return {
        "id": storable(result.problem.id),
        "problem": storable(result.problem.text),
        "answer": _text(outcome.answer),
        "gold": _text(result.problem.gold),
        "correct": result.correct,
        "decision": None if result.decision is None else decision_row(result.decision),
        "ledger": _ledger(result.ledger),
        "prm": {"name": result.prm, "is_baseline": result.prm_is_baseline},
        "chosen": outcome.chosen,
        "paths": [_path(path, vote) for path, vote in zip(outcome.paths_N, outcome.votes_N, strict=False)],
        "rerouted": _text(outcome.rerouted),
        "degraded": _text(result.degraded),
        "error": None
        if result.error is None
        else {
            "type": type(result.error).__name__,
            "message": storable(str(result.error)),
            "retryable": result.retryable,
        },
    }


def decision_row(decision: Decision) -> DecisionRow:
    """The decision as one JSON object."""
    bins = decision.difficulty
    return {
        "difficulty": {"easy": bins.easy, "medium": bins.medium, "hard": bins.hard},
        "pass_at_1": bins.pass_at_1,
        "label": decision.label,
        "strategy": storable(strategy_text(decision.strategy)),
        "table_row": decision.table_row,
        "reason": decision.reason,
        "expected": {"accuracy": decision.accuracy, "tokens": decision.tokens},
    }


def result_schema() -> dict[str, Any]:
    """The JSON schema of a row: what configs/result.schema.json holds."""
    made = _strict(TypeAdapter(ResultRow).json_schema())
    made.pop("description")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A row of results.jsonl",
        **made,
        "allOf": _RULES,
    }


def _strict(node: Any) -> Any:
    """A schema without the titles that pydantic makes of names, where nothing unnamed is allowed."""
    if isinstance(node, list):
        return [_strict(one) for one in node]
    if not isinstance(node, dict):
        return node
    kept = {key: _strict(value) for key, value in node.items() if key != "title"}
    return {**kept, "additionalProperties": False} if "properties" in kept else kept


def _ledger(ledger: Ledger) -> LedgerRow:
    flops = ledger.flops
    return {
        "policy": _tokens(ledger.policy),
        "prm": _tokens(ledger.prm),
        "flops": {"policy_only": flops.policy_only, "policy_prm": flops.policy_prm, "net": flops.net},
        "seconds": round(ledger.seconds, 3),
    }


def _tokens(tokens: Tokens) -> TokensRow:
    return {
        "prompt_tokens": tokens.prompt,
        "cached_tokens": tokens.cached,
        "generated_tokens": tokens.generated,
    }


def _path(path: Path, vote: int | None) -> PathRow:
    row: PathRow = {
        "lineage": list(path.lineage),
        "steps": [storable(step.text) for step in path.steps_S],
        "tokens": [len(step.tokens_T) for step in path.steps_S],
        "logprobs": [_sum(step.logprobs_T) for step in path.steps_S],
        "scores": list(path.scores_S),
        "answer": _text(path.answer),
        "vote": vote,
        "finish": path.finish,
        "error": _text(path.error),
    }
    # Of searches that write steps again alone: other runs' rows stay what they were.
    if any(step.taken_back for step in path.steps_S):
        row["taken_back"] = [step.taken_back for step in path.steps_S]
    return row


def _text(text: str | None) -> str | None:
    return None if text is None else storable(text)


def _sum(logprobs_T: tuple[float, ...]) -> float | None:
    total = math.fsum(logprobs_T)
    return total if math.isfinite(total) else None
