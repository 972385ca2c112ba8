"""A strategy as text, for files and screens."""

from __future__ import annotations

from dataclasses import Field, fields, is_dataclass
from functools import lru_cache
from typing import Any

from compute_router.policies import STRATEGIES, SpecError, Strategy, arm_name, from_spec, spec

__all__ = ["short_name", "strategy_text"]


def strategy_text(strategy: Strategy) -> str:
    """The spec of a strategy of this package. Of another: its name, and its fields where it is a dataclass.

    The text of another is stable from run to run where the `repr` of its fields is.

    >>> from compute_router.policies import Majority
    >>> strategy_text(Majority(n=8))
    'majority:n=8'
    """
    if STRATEGIES.get(strategy.name) is type(strategy):
        return spec(strategy)
    named = [field.name for field in _fields(strategy)]
    values = [f"{name}={getattr(strategy, name)!r}" for name in named]
    return f"{strategy.name}:{','.join(values)}" if values else strategy.name


@lru_cache(maxsize=1024)
def short_name(text: str) -> str:
    """The short name of the arm that `strategy_text` wrote; another system's arm keeps its own.

    >>> short_name("best_of_n:n=8,backtrack=2,select=max,aggregate=last")
    'best-of-8+backtrack'
    """
    try:
        return arm_name(from_spec(text))
    except SpecError:
        return text


def _fields(strategy: Any) -> list[Field[Any]]:
    return [field for field in fields(strategy) if field.repr] if is_dataclass(strategy) else []
