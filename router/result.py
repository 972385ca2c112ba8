"""The answer to one problem with its paths, its decision and its bill; and its row in results.jsonl."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from compute_router.decide.decision import Decision
from compute_router.errors import EngineError, RouterError
from compute_router.ledger import Ledger, Tokens
from compute_router.policies import Path
from compute_router.problem import Problem, storable

__all__ = ["Result", "decision_of", "row_of"]


@dataclass(frozen=True, slots=True)
class Result:
    """`correct` is None where there is no gold answer. `decision` is None only for a row of the input
    that could not be a problem. `rerouted` is what a search decided half-way. `degraded` says in a
    sentence what was done with less than asked."""

    problem: Problem
    answer: str | None
    correct: bool | None
    decision: Decision | None
    ledger: Ledger
    prm: str
    prm_is_baseline: bool
    paths_N: tuple[Path, ...] = ()
    chosen: int | None = None
    votes_N: tuple[int | None, ...] = ()
    rerouted: str | None = None
    degraded: str | None = None
    error: RouterError | None = None

    @property
    def retryable(self) -> bool:
        """Whether the failure was the engine's, so that another run may do better."""
        return isinstance(self.error, EngineError) and self.error.retryable


def row_of(result: Result) -> dict[str, Any]:
    """The result as one JSON object (configs/result.schema.json). What JSON cannot hold is replaced: a
    figure that is not finite by null, half of a surrogate pair by U+FFFD."""
    return {
        "id": storable(result.problem.id),
        "problem": storable(result.problem.text),
        "answer": _text(result.answer),
        "gold": _text(result.problem.gold),
        "correct": result.correct,
        "decision": None if result.decision is None else decision_of(result.decision),
        "ledger": _ledger(result.ledger),
        "prm": {"name": result.prm, "is_baseline": result.prm_is_baseline},
        "chosen": result.chosen,
        "paths": [_path(path, vote) for path, vote in zip(result.paths_N, result.votes_N, strict=False)],
        "rerouted": _text(result.rerouted),
        "degraded": _text(result.degraded),
        "error": None
        if result.error is None
        else {
            "type": type(result.error).__name__,
            "message": storable(str(result.error)),
            "retryable": result.retryable,
        },
    }


def decision_of(decision: Decision) -> dict[str, Any]:
    """A decision as one JSON object."""
    bins = decision.difficulty
    return {
        "difficulty": {"easy": bins.easy, "medium": bins.medium, "hard": bins.hard},
        "pass_at_1": bins.pass_at_1,
        "label": decision.label,
        "strategy": decision.strategy,
        "table_row": decision.table_row,
        "reason": decision.reason,
        "expected": {"accuracy": decision.accuracy, "tokens": decision.tokens},
    }


def _ledger(ledger: Ledger) -> dict[str, Any]:
    return {
        "policy": _tokens(ledger.policy),
        "prm": _tokens(ledger.prm),
        "flops": asdict(ledger.flops),
        "seconds": round(ledger.seconds, 3),
    }


def _tokens(tokens: Tokens) -> dict[str, int]:
    return {
        "prompt_tokens": tokens.prompt,
        "cached_tokens": tokens.cached,
        "generated_tokens": tokens.generated,
    }


def _path(path: Path, vote: int | None) -> dict[str, Any]:
    return {
        "lineage": list(path.lineage),
        "steps": [storable(step.text) for step in path.steps_S],
        "tokens": [len(step.tokens_T) for step in path.steps_S],
        "logprobs": [_sum(step.logprobs_T) for step in path.steps_S],
        "scores": list(path.scores_S),
        "answer": _text(path.answer),
        "vote": vote,
        "finish": path.finish,
        "error": _text(path.error),
        **_taken_back([step.taken_back for step in path.steps_S]),
    }


def _taken_back(tokens_S: list[int]) -> dict[str, list[int]]:
    """Of searches that write steps again alone: other runs' rows stay what they were."""
    return {"taken_back": tokens_S} if any(tokens_S) else {}


def _text(text: str | None) -> str | None:
    return None if text is None else storable(text)


def _sum(logprobs_T: tuple[float, ...]) -> float | None:
    total = math.fsum(logprobs_T)
    return total if math.isfinite(total) else None
