"""One search tree: rounds of expansion, the best paths kept after each."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .aggregate import value
from .ask import Search, fork
from .grow import foresee, grow
from .limits import Limits
from .path import Path
from .stop import standing, stop_rule

__all__ = ["Tree", "distinct"]


@dataclass(frozen=True, slots=True)
class Tree:
    """`width` children of the root, then the best `keep` of each round, `m` children each.

    A kept path that has ended takes one of the `keep` places for good, a failed one none. Paths are ranked
    by the value of where `lookahead` greedy steps would lead. `planted` are scored first steps that are
    already there; they count among the root's `width` children, but whoever planted one that has ended has
    its vote.
    """

    number: int
    width: int
    keep: int
    m: int
    select: str
    aggregate: str
    lookahead: int = 0
    stop: str = "never"
    planted: tuple[Path, ...] = ()

    def search(self, limits: Limits) -> Search[tuple[Path, ...]]:
        """All paths that ended, best first among equals of one round."""
        ended: list[Path] = []
        keep = self.keep
        root = Path()
        frontier: list[Path] = [root]
        for depth in range(limits.steps):
            planted = self._planted() if depth == 0 else ()
            births = [
                (parent, child)
                for parent in frontier
                for child in range(len(planted), self.width if parent is root else self.m)
            ]
            grown = yield from fork(
                (
                    *(self._rated(path, limits) for path in planted),
                    *(self._born(parent, child, limits) for parent, child in births),
                )
            )
            paths, worths = zip(*grown, strict=True)
            ranked = sorted(distinct(paths), key=lambda i: -worths[i])
            ended += [paths[i] for i in ranked if not paths[i].is_open and i >= len(planted)]
            kept = [paths[i] for i in ranked if paths[i].finish != "failed"][:keep]
            frontier = [path for path in kept if path.is_open]
            keep -= len(kept) - len(frontier)
            if not frontier:
                break
            if depth + 1 == limits.steps:
                ended += [replace(path, finish="length") for path in frontier]
            elif (yield from self._settled(tuple(ended), limits.steps - depth - 1)):
                ended += [replace(path, finish="dropped") for path in frontier]
                break
        return tuple(ended)

    def _planted(self) -> tuple[Path, ...]:
        """Renamed as the root's first children, so that no new one bears their name."""
        return tuple(replace(path, lineage=(i,)) for i, path in enumerate(self.planted[: self.width]))

    def _born(self, parent: Path, child: int, limits: Limits) -> Search[tuple[Path, float]]:
        path = yield from grow(self.number, parent, child, limits)
        if self.lookahead:
            return (yield from self._rated(path, limits))
        return path, value(path, self.aggregate) or 0.0

    def _rated(self, path: Path, limits: Limits) -> Search[tuple[Path, float]]:
        """The path and what it is ranked by; 0 where it has no score."""
        seen = path
        if self.lookahead:  # no real child has the index m under a parent that is not the root
            seen = yield from foresee(self.number, path, self.lookahead, self.m, limits)
        return path, value(seen, self.aggregate) or 0.0

    def _settled(self, ended: tuple[Path, ...], rounds: int) -> Search[bool]:
        rule = stop_rule(self.stop)
        if rule is None or not ended:
            return False
        lead = yield from standing(ended, self.select, self.aggregate)
        return rule.settled(lead, rounds * self.width)


def distinct(paths: tuple[Path, ...]) -> list[int]:
    """Indices of `paths` without those whose text an earlier one has: the second would only pay for the
    first one's future twice. A solution that the policy model ended has no future, and each is a vote."""
    seen: dict[tuple[str, str], int] = {}
    return [
        i
        for i, path in enumerate(paths)
        if path.finish == "stop" or seen.setdefault((path.text, path.finish), i) == i
    ]
