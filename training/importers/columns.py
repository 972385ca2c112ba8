"""Which column of somebody's CSV or JSONL says what: as told, else guessed from its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from compute_router.errors import InputError
from compute_router.training.importers.lines import Row

__all__ = ["FIELDS", "Columns", "columns_of"]

_GUESSES: Final = MappingProxyType[str, tuple[str, ...]](
    {
        "problem": ("problem", "question", "query", "prompt"),
        "problem_id": ("problem_id", "question_id", "unique_id", "id", "idx", "index"),
        "gold": (
            "gold",
            "gold_answer",
            "ground_truth",
            "groundtruth",
            "ground_truth_answer",
            "reference_answer",
            "reference",
            "target",
            "gt",
            "answer",
            "solution",
        ),
        "answer": (
            "predicted",
            "prediction",
            "predicted_answer",
            "pred",
            "final_answer",
            "model_answer",
            "extracted_answer",
            "extracted",
            "answer",
        ),
        "text": (
            "completions",
            "completion",
            "responses",
            "response",
            "samples",
            "outputs",
            "output",
            "generation",
            "generations",
            "text",
        ),
        "correct": ("correct", "is_correct", "correctness", "passed", "score"),
        "arm": ("arm", "strategy", "spec", "method", "approach"),
        "policy_model": ("policy_model", "model", "model_name", "policy", "models"),
        "prm": ("prm", "prm_model", "reward_model", "prm_name"),
        "params": ("params", "n_params", "parameters"),
        "tokens": ("tokens", "completion_tokens", "total_completion_tokens", "output_tokens", "total_tokens"),
        "prompt_tokens": ("prompt_tokens", "input_tokens"),
        "prm_tokens": ("prm_tokens",),
        "scores": ("scores", "step_scores", "prm_scores", "pred_score", "rewards"),
        "level": ("level", "difficulty"),
        "seed": ("seed",),
        "seconds": ("seconds", "elapsed_s", "latency_s", "elapsed"),
        "milliseconds": ("milliseconds", "elapsed_ms", "latency_ms"),
    }
)
FIELDS: Final = tuple(_GUESSES)
"""What a column may be told to be."""


class Columns:
    """Reads a row's fields by what they mean."""

    def __init__(self, column_of: Mapping[str, str]) -> None:
        self.column_of = dict(column_of)

    def get(self, row: Row, field: str) -> Any:
        column = self.column_of.get(field)
        return None if column is None else row.get(column)

    def has(self, field: str) -> bool:
        return field in self.column_of


def columns_of(present: Iterable[str], told: Mapping[str, str] | None = None) -> Columns:
    """The columns of a file that has these names. A leading `x_` (added by hand) is looked past, and one
    column means one thing: of two readings of `answer` the gold answer comes first.

    Raises InputError: a told field that is none, a told column that is not there.
    """
    names = list(present)
    told = dict(told or {})
    for field, column in told.items():
        if field not in _GUESSES:
            raise InputError(f"{field!r} is no field of a sweep record; known: {', '.join(FIELDS)}")
        if column not in names:
            raise InputError(f"there is no column {column!r} for {field}; columns: {', '.join(names)}")
    found = dict(told)
    taken = set(told.values())
    plain = {name.lower().removeprefix("x_"): name for name in reversed(names)}
    for field, guesses in _GUESSES.items():
        free = [plain[guess] for guess in guesses if guess in plain and plain[guess] not in taken]
        if field not in found and free:
            found[field] = free[0]
            taken.add(free[0])
    return Columns(found)
