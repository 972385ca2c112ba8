"""The strategies by name: `make(text)` gives the value, `spec(value)` gives the text back."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, ClassVar, Final, Protocol

from .arm_name import BASES, read_arm_name
from .ask import Search
from .best_of_n import BestOfN, Greedy, Majority
from .direct import Direct
from .limits import Limits
from .mcts import MCTS
from .rebase import REBASE
from .reroute import Reroute
from .select import Outcome
from .spec import SpecError, brief, fill, nearest, split, values_of
from .stepwise import DVTS, Beam

__all__ = ["STRATEGIES", "Strategy", "from_spec", "make", "spec"]


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


_OFF = ("never", "sample", 0)


def make(text: str) -> Strategy:
    """The strategy that a spec or a short name stands for, its parameters checked.

    Args:
        text: a spec such as `best_of_n:n=8,select=weighted`, or a short name such as `weighted-8`.

    Returns:
        The strategy, a frozen value.

    Raises:
        SpecError: an unknown name (the nearest is suggested), an unknown parameter, one out of range.

    >>> make("vote-6") == make("majority:n=6")
    True
    """
    found = read_arm_name(text, STRATEGIES) if text.partition(":")[0].strip() not in STRATEGIES else None
    return _made(*(found or split(text)))


def from_spec(text: str) -> Strategy:
    """The strategy that a spec names, as files have it. Short names are for people: another system's arm may
    be called `beam-4`. Raises SpecError as `make` does.

    >>> from_spec("majority:n=6").name
    'majority'
    """
    return _made(*split(text))


def _made(name: str, parameters: dict[str, str]) -> Strategy:
    if name not in STRATEGIES:
        known = (*STRATEGIES, *(f"{word}-8" for word in BASES))
        raise SpecError(f"unknown strategy {brief(name)!r}{nearest(name, known)}; known: {', '.join(known)}")
    made: Strategy = fill(STRATEGIES[name], parameters)
    return made


def spec(strategy: Strategy) -> str:
    """The canonical text of a strategy: its parameters in the order of its fields, without those that are
    off.

    >>> spec(make("weighted-8+backtrack"))
    'best_of_n:n=8,backtrack=2,select=weighted,aggregate=last'
    """
    values = [f"{name}={value}" for name, value in values_of(strategy).items() if value not in _OFF]
    return f"{strategy.name}:{','.join(values)}" if values else strategy.name
