"""its_hub benchmark rows: `{unique_id, budget, response, correct}`, or `responses` and `log_probs`.

They name neither the problem's text (join it: problems=...) nor the algorithm, which is looked for in the
name of the file or its folder.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from compute_router.training.importers.arm_names import named, sampled
from compute_router.training.importers.damage import Damage, Notes
from compute_router.training.importers.lines import Row, objects
from compute_router.training.importers.log_row import LogPath, LogRow
from compute_router.training.importers.values import count_of, gold_of, level_of, number_of, text_of, truth_of

__all__ = ["read", "recognise"]

_VOTES = ("self_consistency", "majority")
_BESTS = ("best_of_n", "bon")
_OTHERS = ("particle_filtering", "particle_gibbs", "beam_search", "dvts")


def recognise(row: Row) -> bool:
    return "budget" in row and ("response" in row or "responses" in row)


def read(path: Path, notes: Notes) -> Iterator[LogRow]:
    """The rows of one file."""
    words = f"{path.parent.name}/{path.stem}".lower().replace("-", "_")
    for place, row in objects(path, notes):
        budget = number_of(row.get("budget"))
        if not recognise(row) or budget is None or budget < 1:
            notes.drop(Damage.WRONG_TYPE, place)
            continue
        several = row.get("responses")
        given = several if isinstance(several, list) else [row.get("response")]
        texts = [text for text in given if isinstance(text, str)]
        if not texts or len(texts) < len(given):
            notes.drop(Damage.NO_ANSWER, place)
            continue
        yield _row(row, texts, int(budget), words, place)


def _row(row: Row, texts: list[str], budget: int, words: str, place: str) -> LogRow:
    single = len(texts) == 1
    whole = budget == len(texts)  # all that was sampled is there
    if any(word in words for word in _VOTES):
        arm = named(f"majority:n={budget}")
    elif any(word in words for word in _BESTS):
        arm = named(f"best_of_n:n={budget}")
    elif other := next((word for word in _OTHERS if word in words), None):
        arm = named(f"{other}_budget{budget}")
        whole = False
    elif whole:
        arm = sampled(budget, scored=False)
    else:
        arm = named(f"budget{budget}")
    correct = truth_of(row.get("correct"))
    logprobs = row.get("log_probs")
    kept = whole or not single
    return LogRow(
        place=place,
        problem_id=text_of(row.get("unique_id")),
        policy_model=text_of(row.get("model")),
        named="model" in row,
        arm=arm.name,
        problem=text_of(row.get("problem", row.get("question"))),
        gold=next(
            (gold for key in ("gold", "gold_answer", "answer") if (gold := gold_of(row.get(key)))), None
        ),
        level=level_of(row.get("level")),
        paths=tuple(
            LogPath(text, correct=correct if single else None, logprob=_logprob(logprobs, i, len(texts)))
            for i, text in enumerate(texts)
        )
        if kept
        else (),
        text=None if kept else texts[0],
        correct=correct,
        tokens=count_of(row.get("tokens")),
    )


def _logprob(values: Any, i: int, n: int) -> float | None:
    """The mean over a response's tokens, where it is given token by token."""
    if not isinstance(values, list) or len(values) != n or not isinstance(values[i], list):
        return None
    known = [number for value in values[i] if (number := number_of(value)) is not None]
    return math.fsum(known) / len(known) if known and len(known) == len(values[i]) else None
