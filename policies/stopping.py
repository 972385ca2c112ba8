"""When sampling ends before all N solutions are there."""

from __future__ import annotations

from dataclasses import dataclass

from .aggregate import value
from .path import Path
from .spec import share
from .stop import Stop, stop_rule

__all__ = ["Stopping"]


@dataclass(frozen=True, slots=True)
class Stopping:
    """When enough solutions are there.

    Args:
        stop: `never`, `certain`, or a confidence such as `0.95` at which the vote counts as settled
            (Adaptive-Consistency, arXiv 2305.11860).
        accept: samples one by one and takes the first whose value is at least this probability in [0, 1).
            It needs a PRM whose values say how likely a solution is right. 0 is off.

    Raises:
        SpecError: a value is out of range.

    >>> Stopping(stop="0.8", accept=0.7).is_never
    False
    """

    stop: str = "never"
    accept: float = 0.0

    def __post_init__(self) -> None:
        stop_rule(self.stop)
        share("accept", self.accept, 0.0, 1.0)

    @property
    def is_never(self) -> bool:
        """Whether all N solutions are always taken."""
        return self == Stopping()

    @property
    def rule(self) -> Stop | None:
        """The rule that `stop` names; None where it is `never`."""
        return stop_rule(self.stop)

    def accepts(self, path: Path, aggregate: str) -> bool:
        """Whether this path ends the sampling and is the answer."""
        if not self.accept or path.answer is None:
            return False
        return (value(path, aggregate) or 0.0) >= self.accept
