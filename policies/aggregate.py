"""Step aggregation: one number for a path from the scores of its steps (arXiv 2502.06703, section 3.1)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Final

from .path import Path

__all__ = ["AGGREGATES", "value"]


def _mean(scores_S: Sequence[float]) -> float:
    return math.fsum(scores_S) / len(scores_S)


AGGREGATES: Final = MappingProxyType[str, Callable[[Sequence[float]], float]](
    {
        "last": lambda scores_S: scores_S[-1],
        "min": min,
        "mean": _mean,
        "product": math.prod,
    }
)


def value(path: Path, aggregate: str) -> float | None:
    """The value of `path` in [0, 1], or None where a step has no score."""
    return AGGREGATES[aggregate](path.scores_S) if path.is_scored else None
