"""A strategy as text, for files and screens."""

from __future__ import annotations

from dataclasses import Field, fields, is_dataclass
from typing import Any

from compute_router.policies import STRATEGIES, Strategy, spec

__all__ = ["strategy_text"]


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


def _fields(strategy: Any) -> list[Field[Any]]:
    return [field for field in fields(strategy) if field.repr] if is_dataclass(strategy) else []
