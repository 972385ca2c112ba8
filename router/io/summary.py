"""What a run came to, derived from its rows alone: resumed or undisturbed, the summary is the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal, TypedDict, cast

from compute_router.io.result_row import FlopsRow, ResultRow, TokensRow

__all__ = ["Summary", "summarize"]

_TOKENS = ("prompt_tokens", "cached_tokens", "generated_tokens")
_FLOPS = ("policy_only", "policy_prm", "net")


class StrategyTally(TypedDict):
    """Of the problems that one strategy was decided for."""

    problems: int
    graded: int
    correct: int
    generated_tokens: int


class Bill(TypedDict):
    """Of all problems together."""

    policy: TokensRow
    prm: TokensRow
    flops: FlopsRow


class Summary(TypedDict):
    """summary.json. `accuracy` is over the problems that have a gold answer, failed ones included; None where
    there are none."""

    problems: int
    answered: int
    failed: int
    degraded: int
    graded: int
    correct: int
    accuracy: float | None
    strategies: dict[str, StrategyTally]
    ledger: Bill


def summarize(rows: Iterable[ResultRow]) -> Summary:
    """Counts, accuracy and the bill of rows. Reads them once and keeps none."""
    problems = failed = degraded = graded = correct = answered = 0
    strategies: dict[str, Counter[str]] = {}
    totals: dict[Literal["policy", "prm", "flops"], Counter[str]] = {
        "policy": Counter(dict.fromkeys(_TOKENS, 0)),
        "prm": Counter(dict.fromkeys(_TOKENS, 0)),
        "flops": Counter(dict.fromkeys(_FLOPS, 0)),
    }
    for row in rows:
        problems += 1
        failed += row["error"] is not None
        degraded += row["degraded"] is not None
        answered += row["answer"] is not None
        # A failed row with a gold answer counts as wrong: leaving it out would flatter the run.
        has_gold = row["gold"] is not None
        graded += has_gold
        correct += row["correct"] is True
        if row["decision"] is not None:
            tally = strategies.setdefault(row["decision"]["strategy"], Counter())
            tally.update(
                problems=1,
                # int: the first update of a Counter stores what it is given, and JSON would say "true".
                graded=int(has_gold),
                correct=int(row["correct"] is True),
                generated_tokens=row["ledger"]["policy"]["generated_tokens"],
            )
        for part, counts in totals.items():
            counts.update(cast(Mapping[str, int], row["ledger"][part]))
    return {
        "problems": problems,
        "answered": answered,
        "failed": failed,
        "degraded": degraded,
        "graded": graded,
        "correct": correct,
        "accuracy": correct / graded if graded else None,
        "strategies": {name: cast(StrategyTally, dict(tally)) for name, tally in sorted(strategies.items())},
        "ledger": cast(Bill, {part: dict(counts) for part, counts in totals.items()}),
    }
