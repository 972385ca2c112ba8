"""Strategies that sample whole solutions: greedy, majority vote, best-of-N.

Their samples are independent chains: no barrier stands between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .aggregate import AGGREGATES
from .ask import Extend, Key, Search, extend, fork, score
from .limits import Limits
from .path import Path
from .select import SELECTS, Outcome, select
from .spec import MAX_N, one_of, whole

__all__ = ["BestOfN", "Greedy", "Majority"]


def chain(child: int, limits: Limits, *, temperature: float, scored: bool) -> Search[Path]:
    """One solution from the problem to its end; scored as soon as it is there."""
    root = Path()
    path = yield from extend(
        Extend(Key(0, root.lineage, child), root, "end", limits.path_tokens, temperature)
    )
    if scored and path.steps_S:
        path = yield from score(path)
    return path


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
    """N sampled solutions, the most frequent answer (self-consistency, arXiv 2203.11171)."""

    name: ClassVar[str] = "majority"
    needs_prm: ClassVar[bool] = False
    n: int = 8

    def __post_init__(self) -> None:
        whole("n", self.n, 1, MAX_N)

    def search(self, limits: Limits) -> Search[Outcome]:
        paths_N = yield from fork(
            tuple(chain(i, limits, temperature=limits.temperature, scored=False) for i in range(self.n))
        )
        return (yield from select(paths_N, "vote"))


@dataclass(frozen=True, slots=True)
class BestOfN:
    """N sampled solutions, the answer chosen by the PRM (arXiv 2502.06703, section 2.2)."""

    name: ClassVar[str] = "best_of_n"
    needs_prm: ClassVar[bool] = True
    n: int = 8
    select: str = "max"
    aggregate: str = "last"

    def __post_init__(self) -> None:
        whole("n", self.n, 1, MAX_N)
        one_of("select", self.select, SELECTS)
        one_of("aggregate", self.aggregate, tuple(AGGREGATES))

    def search(self, limits: Limits) -> Search[Outcome]:
        paths_N = yield from fork(
            tuple(chain(i, limits, temperature=limits.temperature, scored=True) for i in range(self.n))
        )
        return (yield from select(paths_N, self.select, self.aggregate))
