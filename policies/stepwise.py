"""Strategies that search step by step with the PRM: beam search and DVTS (arXiv 2502.06703, section 2.2).

A tree keeps its best K paths after every step and expands each by M children. Beam search is one tree
with K = N/M; DVTS is N/M independent trees with K = 1, so dvts:n=N,m=N is beam:n=N,m=N.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .aggregate import AGGREGATES
from .ask import Search, fork
from .limits import Limits
from .path import Path
from .select import SELECTS, Outcome, select
from .spec import MAX_N, SpecError, one_of, whole
from .stop import Lead, standing, stop_rule
from .tree import Tree

__all__ = ["DVTS", "Beam"]

MAX_LOOKAHEAD = 40


@dataclass(frozen=True, slots=True)
class _TreeSearch:
    """What beam search and DVTS share: N candidates a step, M children a path."""

    needs_prm: ClassVar[bool] = True
    n: int = 16
    m: int = 4
    select: str = "weighted"
    aggregate: str = "last"
    lookahead: int = 0
    stop: str = "never"

    def __post_init__(self) -> None:
        whole("n", self.n, 1, MAX_N)
        whole("m", self.m, 1, MAX_N)
        if self.n % self.m:
            raise SpecError(f"m={self.m} does not divide n={self.n}: the search keeps n/m paths")
        one_of("select", self.select, SELECTS)
        one_of("aggregate", self.aggregate, tuple(AGGREGATES))
        whole("lookahead", self.lookahead, 0, MAX_LOOKAHEAD)
        if stop_rule(self.stop) and self.select == "max":
            raise SpecError("stop needs a vote: with select=max a later path can always be better")

    def tree(self, number: int, width: int, planted: tuple[Path, ...], stop: str = "never") -> Tree:
        keep = width // self.m
        return Tree(number, width, keep, self.m, self.select, self.aggregate, self.lookahead, stop, planted)


@dataclass(frozen=True, slots=True)
class Beam(_TreeSearch):
    """Beam search: of N candidate steps the best N/M go on, M children each.

    `lookahead` ranks a path by the value it would have that many greedy steps later (arXiv 2408.03314,
    section 5.2). `stop` ends the search after a round that settles the vote of the ended paths.
    """

    name: ClassVar[str] = "beam"

    def search(self, limits: Limits) -> Search[Outcome]:
        paths_N = yield from self.paths(limits)
        return (yield from select(paths_N, self.select, self.aggregate))

    def paths(
        self, limits: Limits, planted: tuple[Path, ...] = (), first_tree: int = 0
    ) -> Search[tuple[Path, ...]]:
        """The paths that ended; `planted` are first steps that are already there."""
        return (yield from self.tree(first_tree, self.n, planted, self.stop).search(limits))


@dataclass(frozen=True, slots=True)
class DVTS(_TreeSearch):
    """Diverse verifier tree search: N/M independent trees of width M, one path kept in each.

    `stop` grows the trees in waves, each tree taken for M votes, and leaves out those that a settled vote no
    longer needs. A single tree is a beam and stops like one.
    """

    name: ClassVar[str] = "dvts"

    def search(self, limits: Limits) -> Search[Outcome]:
        paths_N = yield from self.paths(limits)
        return (yield from select(paths_N, self.select, self.aggregate))

    def paths(
        self, limits: Limits, planted: tuple[Path, ...] = (), first_tree: int = 0
    ) -> Search[tuple[Path, ...]]:
        """The paths that ended, tree by tree; `planted` are dealt out to the trees in turn."""
        rule = stop_rule(self.stop)
        trees = self.n // self.m
        alone = self.stop if trees == 1 else "never"
        most = self.m * limits.steps  # every child of every round may end as a vote
        grown: tuple[tuple[Path, ...], ...] = ()
        lead = Lead()
        while len(grown) < trees:
            left = trees - len(grown)
            wave = rule.wave(lead, left, self.m, most) if rule else left
            grown += yield from fork(
                tuple(
                    self.tree(first_tree + number, self.m, planted[number::trees], alone).search(limits)
                    for number in range(len(grown), len(grown) + wave)
                )
            )
            if rule and len(grown) < trees:
                lead = yield from standing(_flat(grown), self.select, self.aggregate)
                if rule.settled(lead, (trees - len(grown)) * most):
                    break
        return _flat(grown)


def _flat(grown: tuple[tuple[Path, ...], ...]) -> tuple[Path, ...]:
    return tuple(path for paths in grown for path in paths)
