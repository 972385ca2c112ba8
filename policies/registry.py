"""The strategies by name: `make(spec)` gives the value, `spec(value)` gives the text back."""

from __future__ import annotations

from dataclasses import fields
from types import MappingProxyType
from typing import Any, ClassVar, Final, Protocol

from .ask import Search
from .direct import Direct
from .limits import Limits
from .mcts import MCTS
from .rebase import REBASE
from .reroute import Reroute
from .sampling import BestOfN, Greedy, Majority
from .select import Outcome
from .spec import SpecError, brief, fill, nearest, split
from .stepwise import DVTS, Beam

__all__ = ["STRATEGIES", "Strategy", "make", "spec"]


class Strategy(Protocol):
    """A search algorithm with its budget parameters: a frozen, hashable value."""

    name: ClassVar[str]
    needs_prm: ClassVar[bool]

    def search(self, limits: Limits) -> Search[Outcome]:
        """A fresh search of one problem."""
        ...


STRATEGIES: Final = MappingProxyType[str, type[Any]](
    {
        strategy.name: strategy
        for strategy in (Direct, Greedy, Majority, BestOfN, Beam, DVTS, REBASE, MCTS, Reroute)
    }
)


_OFF = ("never", 0)


def make(text: str) -> Strategy:
    """The strategy that a spec names, its parameters checked.

    Raises SpecError: an unknown name (the nearest is suggested), an unknown parameter, one out of range.
    """
    name, parameters = split(text)
    if name not in STRATEGIES:
        known = tuple(STRATEGIES)
        raise SpecError(f"unknown strategy {brief(name)!r}{nearest(name, known)}; known: {', '.join(known)}")
    strategy = STRATEGIES[name]
    made: Strategy = strategy(**fill(strategy, parameters))
    return made


def spec(strategy: Strategy) -> str:
    """The canonical text of a strategy: its parameters in the order of its fields, without those that are
    off."""
    given = [(field.name, getattr(strategy, field.name)) for field in fields(strategy)]  # type: ignore[arg-type]
    values = [f"{name}={value}" for name, value in given if value not in _OFF]
    return f"{strategy.name}:{','.join(values)}" if values else strategy.name
