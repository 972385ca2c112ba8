"""Rows and tables in short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

BINS = ("easy", "medium", "hard")

Figures = tuple[float, float | None]
"""Accuracy and tokens of a cell."""


def cell(accuracy: float, tokens: float | None, prm_tokens: float | None = 0.0) -> dict[str, Any]:
    return {
        "accuracy": accuracy,
        "interval": [0, 1],
        "tokens": tokens,
        "prm_tokens": prm_tokens,
    }


def arm(spec: str, *figures: Figures) -> dict[str, Any]:
    """One pair of figures for all bins, or three."""
    three = figures * 3 if len(figures) == 1 else figures
    return {"spec": spec, **{name: cell(*of) for name, of in zip(BINS, three, strict=True)}}


def gain(arm: int, mean: Sequence[float], sd: float = 0.0) -> list[Any]:
    """`sd` of each bin, independent."""
    variance = sd * sd
    return [arm, list(mean), [variance, 0, 0, variance, 0, variance]]


def measured(
    id: str, arms: Sequence[dict[str, Any]], *, incumbents: Sequence[str] = (), sd: float = 0.0, **key: Any
) -> dict[str, Any]:
    """A row whose gains are the differences of its cells, each of standard error `sd`. All arms are
    incumbents unless some are named."""
    by_name = {one["spec"]: one for one in arms}
    return {
        "kind": "measured",
        "id": id,
        "source": "a test",
        "problems": 90,
        "problems_by_bin": [30, 30, 30],
        "arms": list(arms),
        "incumbents": [_incumbent(by_name, name, sd) for name in incumbents or by_name],
        **key,
    }


def _incumbent(arms: Mapping[str, dict[str, Any]], name: str, sd: float) -> dict[str, Any]:
    base = arms[name]

    def mean(figure: str) -> float | None:
        of = [base[label][figure] for label in BINS]
        return None if None in of else sum(of) / 3

    return {
        "spec": name,
        "accuracy": mean("accuracy"),
        "tokens": mean("tokens"),
        "prm_tokens": mean("prm_tokens"),
        "gains": [
            gain(at, [other[label]["accuracy"] - base[label]["accuracy"] for label in BINS], sd)
            for at, other in enumerate(arms.values())
            if other is not base
        ],
    }


def rule(id: str, *specs: str, **key: Any) -> dict[str, Any]:
    easy, medium, hard = specs or ("greedy",) * 3
    return {
        "kind": "rule", "id": id, "source": "a test", "easy": easy, "medium": medium, "hard": hard, **key
    }  # fmt: skip


def table(*rows: dict[str, Any], price: float = 0.1) -> dict[str, Any]:
    return {"schema_version": 3, "price": price, "rows": list(rows)}
