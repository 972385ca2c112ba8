"""Strategies that search step by step with the PRM: beam search and DVTS (arXiv 2502.06703, section 2.2).

A tree keeps its best K paths after every step and expands each by M children. Beam search is one tree
with K = N/M; DVTS is N/M independent trees with K = 1, so dvts:n=N,m=N is beam:n=N,m=N.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from .aggregate import AGGREGATES, value
from .ask import Extend, Key, Search, extend, fork, score
from .limits import Limits
from .path import Path
from .select import SELECTS, Outcome, select
from .spec import MAX_N, SpecError, one_of, whole

__all__ = ["DVTS", "Beam"]


def grow(tree: int, parent: Path, child: int, limits: Limits) -> Search[Path]:
    """`parent` one step further, its new step scored."""
    room = min(limits.step_tokens, limits.path_tokens - parent.n_tokens)
    path = yield from extend(
        Extend(Key(tree, parent.lineage, child), parent, "step", room, limits.temperature)
    )
    if path.finish == "length" and parent.n_tokens < path.n_tokens < limits.path_tokens:
        path = replace(path, finish="open")  # only this step hit its limit
    if path.steps_S and path.finish != "failed":
        path = yield from score(path)
    return path


def tree_search(
    tree: int, width: int, keep: int, m: int, aggregate: str, limits: Limits
) -> Search[tuple[Path, ...]]:
    """All paths that ended, best first among equals of one round; `width` children of the root, then
    the best `keep` of each round, `m` children each.

    A kept path that has ended takes one of the `keep` places for good, a failed one none.
    """
    root = Path()
    ended: list[Path] = []
    children = [(root, child) for child in range(width)]
    for depth in range(limits.steps):
        grown = yield from fork(tuple(grow(tree, parent, child, limits) for parent, child in children))
        ranked = sorted(_merged(grown), key=lambda path: -(value(path, aggregate) or 0.0))
        ended += [path for path in ranked if not path.is_open]
        kept = [path for path in ranked if path.finish != "failed"][:keep]
        frontier = [path for path in kept if path.is_open]
        keep -= len(kept) - len(frontier)
        if not frontier:
            break
        if depth + 1 == limits.steps:
            ended += [replace(path, finish="length") for path in frontier]
        children = [(path, child) for path in frontier for child in range(m)]
    return tuple(ended)


def _merged(paths: tuple[Path, ...]) -> list[Path]:
    """Children with the same text become one: the second would only pay for the first one's future
    twice. A solution that the policy model ended has no future, and each is a vote."""
    seen: dict[tuple[str, str], Path] = {}
    return [
        path
        for path in paths
        if path.finish == "stop" or seen.setdefault((path.text, path.finish), path) is path
    ]


@dataclass(frozen=True, slots=True)
class _TreeSearch:
    """What beam search and DVTS share: N candidates a step, M children a path."""

    needs_prm: ClassVar[bool] = True
    n: int = 16
    m: int = 4
    select: str = "weighted"
    aggregate: str = "last"

    def __post_init__(self) -> None:
        whole("n", self.n, 1, MAX_N)
        whole("m", self.m, 1, MAX_N)
        if self.n % self.m:
            raise SpecError(f"m={self.m} does not divide n={self.n}: the search keeps n/m paths")
        one_of("select", self.select, SELECTS)
        one_of("aggregate", self.aggregate, tuple(AGGREGATES))


@dataclass(frozen=True, slots=True)
class Beam(_TreeSearch):
    """Beam search: of N candidate steps the best N/M go on, M children each."""

    name: ClassVar[str] = "beam"

    def search(self, limits: Limits) -> Search[Outcome]:
        paths_N = yield from tree_search(0, self.n, self.n // self.m, self.m, self.aggregate, limits)
        return (yield from select(paths_N, self.select, self.aggregate))


@dataclass(frozen=True, slots=True)
class DVTS(_TreeSearch):
    """Diverse verifier tree search: N/M independent trees of width M, one path kept in each."""

    name: ClassVar[str] = "dvts"

    def search(self, limits: Limits) -> Search[Outcome]:
        trees = yield from fork(
            tuple(
                tree_search(tree, self.m, 1, self.m, self.aggregate, limits)
                for tree in range(self.n // self.m)
            )
        )
        paths_N = tuple(path for paths in trees for path in paths)
        return (yield from select(paths_N, self.select, self.aggregate))
