"""Monte-Carlo tree search over steps: PUCT selects, the PRM's value stands in for a rollout.

After AlphaZero (Silver et al. 2018, "Search" in the methods), as OpenR (arXiv 2410.09671, section 3.3)
uses it for reasoning.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
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

__all__ = ["MCTS"]

EXPLORATION = 1.25
"""c_puct, AlphaZero's first constant."""


@dataclass(slots=True)
class _Node:
    """A path in the tree. `prior` is its share among its siblings; `closed` once nothing below it is
    left to expand."""

    path: Path
    parent: _Node | None = None
    prior: float = 1.0
    visits: int = 0
    worth: float = 0.0
    children: list[_Node] = field(default_factory=list)
    closed: bool = False

    @property
    def mean(self) -> float:
        return self.worth / self.visits if self.visits else 0.0

    def best(self) -> _Node:
        """The open child with the highest PUCT; of equals the first."""
        open_children = [child for child in self.children if not child.closed]
        return max(open_children, key=self._puct)

    def _puct(self, child: _Node) -> float:
        return child.mean + EXPLORATION * child.prior * math.sqrt(self.visits) / (1 + child.visits)

    def upwards(self) -> Iterator[_Node]:
        node: _Node | None = self
        while node is not None:
            yield node
            node = node.parent


@dataclass(frozen=True, slots=True)
class MCTS:
    """Searches until N solutions are found. A turn walks down by PUCT to an open leaf, grows M children
    from it side by side and carries their values up; no rollouts. The next turn goes on below that leaf, and
    from the root again once a solution was found: from the root every time, a PRM without an opinion would
    have the tree grow in breadth and never reach an end. A sibling's prior is its step's mean token
    probability, normalised.

    Turns depend on one another, so one tree keeps M paths busy at most. `stop` ends the search after a
    turn that settles the vote.
    """

    name: ClassVar[str] = "mcts"
    needs_prm: ClassVar[bool] = True
    n: int = 16
    m: int = 4
    select: str = "weighted"
    aggregate: str = "last"
    stop: str = "never"

    def __post_init__(self) -> None:
        whole("n", self.n, 1, MAX_N)
        whole("m", self.m, 1, MAX_N)
        if self.m > self.n:
            raise SpecError(f"m={self.m} is more than n={self.n}: one turn would find more than n solutions")
        one_of("select", self.select, SELECTS)
        one_of("aggregate", self.aggregate, tuple(AGGREGATES))
        if stop_rule(self.stop) and self.select == "max":
            raise SpecError("stop needs a vote: with select=max a later path can always be better")

    def search(self, limits: Limits) -> Search[Outcome]:
        root = leaf = _Node(Path())
        ended: list[Path] = []
        rule = stop_rule(self.stop)
        # Enough turns for n paths of the greatest depth one after the other.
        for _ in range(self.n * limits.steps):
            while leaf.children:
                leaf = leaf.best()
            found = yield from self._expand(leaf, limits)
            ended += found
            if leaf.closed or any(path.finish != "failed" for path in found):
                leaf = root
            if root.closed:
                break
            to_come = self.n - sum(path.finish != "failed" for path in ended)
            if to_come <= 0:
                break
            if rule and ended:
                lead = yield from standing(tuple(ended), self.select, self.aggregate)
                if rule.settled(lead, to_come + self.m - 1):
                    break
        return (yield from select(tuple(ended), self.select, self.aggregate))

    def _expand(self, leaf: _Node, limits: Limits) -> Search[list[Path]]:
        """Grow the leaf's children; returns those that ended."""
        grown = yield from fork(tuple(grow(0, leaf.path, child, limits) for child in range(self.m)))
        paths = [_bounded(grown[i], limits) for i in distinct(grown)]
        likely = [_likelihood(path) for path in paths]
        total = math.fsum(likely) or 1.0  # 0 where every child has an impossible token
        for path, chance in zip(paths, likely, strict=True):
            worth = value(path, self.aggregate) or 0.0
            child = _Node(path, leaf, chance / total, closed=not path.is_open)
            leaf.children.append(child)
            for node in child.upwards():
                node.visits += 1
                node.worth += worth
        for node in leaf.upwards():
            node.closed = all(child.closed for child in node.children)
        return [path for path in paths if not path.is_open]


def _bounded(path: Path, limits: Limits) -> Path:
    return replace(path, finish="length") if path.is_open and len(path.lineage) >= limits.steps else path


def _likelihood(path: Path) -> float:
    """exp(mean log-probability) of the newest step, 1 where the engine reports none."""
    logprobs_T = path.steps_S[-1].logprobs_T if path.steps_S else ()
    return math.exp(math.fsum(logprobs_T) / len(logprobs_T)) if logprobs_T else 1.0
