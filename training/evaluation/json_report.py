"""Sections as JSON: keys per price, null for what is not known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from compute_router.training.evaluation.gain import Point
from compute_router.training.evaluation.judge import Judged, Score, Section

__all__ = ["document"]


def document(sections: Sequence[Section]) -> dict[str, Any]:
    """`matrices` holds all sections, that of the most problems first; `prices` is the first one's."""
    shown = [_section(one) for one in sorted(sections, key=lambda one: -len(one.matrix.problems_P))]
    return {"schema_version": 2, "prices": shown[0]["prices"], "matrices": shown}


def _section(section: Section) -> dict[str, Any]:
    matrix = section.matrix
    return {
        "policy_model": matrix.policy_model,
        "params": matrix.params,
        "prm": matrix.prm,
        "prm_params": matrix.prm_params,
        "problems": len(matrix.problems_P),
        "source": matrix.source,
        "mode": section.mode,
        "notes": list(section.notes),
        "price_unit": section.judged[0].price.unit if section.judged else "tokens",
        "prices": {f"{one.price.value:g}": _judged(one) for one in section.judged},
        "prices_without_counts": [one.value for one in section.skipped],
        "efficiency_gain": {name: _finite(asdict(gain)) for name, gain in section.gains.items()},
        "curve": [_point(point) for point in section.curve],
    }


def _judged(judged: Judged) -> dict[str, Any]:
    return {
        **{name: _score(score) for name, score in judged.policies.items()},
        "arms": {name: _score(score) for name, score in judged.arms.items()},
        "used": dict(judged.used),
        "difference": judged.difference,
        "difference_interval": list(judged.difference_interval),
        "regret": judged.regret,
        "gap_closed": judged.gap_closed,
    }


def _score(score: Score) -> dict[str, Any]:
    """`interval` is that of the utility; `intervals` has one for each figure."""
    intervals = {name: _interval(one) for name, one in score.intervals.items()}
    figures = {
        name: getattr(score, name) for name in ("accuracy", "tokens", "prm_tokens", "flops", "utility")
    }
    return {**_finite(figures), "interval": intervals["utility"], "intervals": intervals}


def _interval(interval: tuple[float, float]) -> list[float] | None:
    return None if math.isnan(interval[0]) else list(interval)


def _point(point: Point) -> dict[str, Any]:
    return _finite(asdict(point))


def _finite(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in figures.items()
    }
