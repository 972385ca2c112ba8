"""REBASE: expansions in proportion to the softmax of the reward (arXiv 2408.00724, section 3.3)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from .aggregate import AGGREGATES, value
from .ask import Search, fork
from .grow import grow
from .limits import Limits
from .path import Path
from .select import SELECTS, Outcome, select
from .spec import MAX_N, SpecError, one_of, whole
from .stop import standing, stop_rule
from .tree import distinct

__all__ = ["REBASE", "shares"]

BALANCE = 0.1
"""The temperature of the softmax over values in [0, 1]: of two paths, one better by 0.1 gets e times the
other's expansions."""


@dataclass(frozen=True, slots=True)
class REBASE:
    """N solutions from one tree. Each round hands out as many expansions as solutions are still to be
    found, among the open paths in proportion to exp(value / BALANCE); a path that gets none ends there.

    `stop` ends the search after a round that settles the vote.
    """

    name: ClassVar[str] = "rebase"
    needs_prm: ClassVar[bool] = True
    n: int = 16
    select: str = "weighted"
    aggregate: str = "last"
    stop: str = "never"

    def __post_init__(self) -> None:
        whole("n", self.n, 1, MAX_N)
        one_of("select", self.select, SELECTS)
        one_of("aggregate", self.aggregate, tuple(AGGREGATES))
        if stop_rule(self.stop) and self.select == "max":
            raise SpecError("stop needs a vote: with select=max a later path can always be better")

    def search(self, limits: Limits) -> Search[Outcome]:
        ended: list[Path] = []
        frontier = [Path()]
        rule = stop_rule(self.stop)
        for depth in range(limits.steps):
            to_come = self.n - sum(path.finish != "failed" for path in ended)
            births = zip(frontier, shares([self._worth(path) for path in frontier], to_come), strict=True)
            grown = yield from fork(
                tuple(grow(0, parent, child, limits) for parent, share in births for child in range(share))
            )
            children = [grown[i] for i in distinct(grown)]
            ended += [path for path in children if not path.is_open]
            frontier = [path for path in children if path.is_open]
            to_come = self.n - sum(path.finish != "failed" for path in ended)
            if not frontier:
                break
            if depth + 1 == limits.steps:
                ended += [replace(path, finish="length") for path in frontier]
            elif rule and ended:
                lead = yield from standing(tuple(ended), self.select, self.aggregate)
                if rule.settled(lead, to_come):
                    ended += [replace(path, finish="dropped") for path in frontier]
                    break
        return (yield from select(tuple(ended), self.select, self.aggregate))

    def _worth(self, path: Path) -> float:
        return value(path, self.aggregate) or 0.0


def shares(values: Sequence[float], total: int) -> list[int]:
    """`total` expansions in proportion to exp(value / BALANCE), by largest remainder; of equals the first."""
    top = max(values)
    weights = [math.exp((worth - top) / BALANCE) for worth in values]
    exact = [total * weight / math.fsum(weights) for weight in weights]
    given = [math.floor(due) for due in exact]
    order = sorted(range(len(values)), key=lambda i: (given[i] - exact[i], i))
    for i in order[: total - sum(given)]:
        given[i] += 1
    return given
