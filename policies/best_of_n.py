"""Strategies that sample whole solutions: greedy, majority vote, best-of-N.

Their samples are independent chains: no barrier stands between them, but where an early stop looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .ask import Search
from .choosing import Choosing
from .grow import chain
from .limits import Limits
from .sampling import Sampling, samples, survivors
from .select import Outcome, select
from .spec import SpecError
from .stopping import Stopping

__all__ = ["BestOfN", "Greedy", "Majority"]


@dataclass(frozen=True, slots=True)
class Greedy:
    """One solution at temperature 0 ("CoT" in arXiv 2502.06703, table 3)."""

    name: ClassVar[str] = "greedy"
    needs_prm: ClassVar[bool] = False

    def search(self, limits: Limits) -> Search[Outcome]:
        path = yield from chain(0, limits, temperature=0.0, scored=False)
        return (yield from select((path,), "vote"))


@dataclass(frozen=True, slots=True)
class Majority:
    """N sampled solutions, the most frequent answer (self-consistency, arXiv 2203.11171).

    Args:
        n: how many samples, at most.
        stop: ends the sampling early, as in `Stopping`.

    Raises:
        SpecError: a value is out of range.
    """

    name: ClassVar[str] = "majority"
    needs_prm: ClassVar[bool] = False
    n: int = 8
    stop: str = "never"

    def __post_init__(self) -> None:
        Sampling(self.n)
        Stopping(self.stop)

    @property
    def sampling(self) -> Sampling:
        return Sampling(self.n)

    @property
    def stopping(self) -> Stopping:
        return Stopping(self.stop)

    @property
    def choosing(self) -> Choosing:
        return Choosing("vote")

    def search(self, limits: Limits) -> Search[Outcome]:
        paths_N = yield from samples(self.sampling, limits, scored=False, stopping=self.stopping)
        return (yield from select(paths_N, "vote"))


@dataclass(frozen=True, slots=True)
class BestOfN:
    """N sampled solutions, the answer chosen by the PRM (arXiv 2502.06703, section 2.2).

    Args:
        sampling: how the solutions are drawn.
        stopping: when enough of them are there.
        choosing: how one answer is chosen. An accepted solution is the answer, whatever this says.

    Raises:
        SpecError: two of the parts exclude each other.

    >>> BestOfN(Sampling(8, first="greedy"), Stopping(accept=0.7)).needs_prm
    True
    """

    name: ClassVar[str] = "best_of_n"
    needs_prm: ClassVar[bool] = True
    sampling: Sampling = Sampling()
    stopping: Stopping = Stopping()
    choosing: Choosing = Choosing()

    def __post_init__(self) -> None:
        if self.stopping.accept and self.sampling.reject:
            raise SpecError("accept and reject exclude each other: one samples one by one, one all at once")
        if self.stopping.rule:
            if self.choosing.select == "max":
                raise SpecError("stop needs a vote: with select=max a later sample can always be better")
            if self.sampling.reject:
                raise SpecError("stop and reject exclude each other: one samples in waves, one all at once")

    @property
    def n(self) -> int:
        return self.sampling.n

    def search(self, limits: Limits) -> Search[Outcome]:
        rule, aggregate = self.choosing.select, self.choosing.aggregate
        if self.sampling.reject:
            paths_N = yield from survivors(self.sampling, limits, aggregate)
        else:
            paths_N = yield from samples(
                self.sampling, limits, scored=True, stopping=self.stopping, choosing=self.choosing
            )
        # Of those before it none is as good: the best is the one that was accepted.
        accepted = self.stopping.accepts(paths_N[-1], aggregate)
        return (yield from select(paths_N, "max" if accepted else rule, aggregate))
