"""A search driven ask by ask, for whoever decides in which order asks are answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from compute_router.execute.seeds import seed_of
from compute_router.policies import Extend, Fork, Group, Outcome, Path, Score, Search

from .world import Node, World

__all__ = ["Branch", "Open", "Walk", "same_text"]


@dataclass(slots=True, eq=False)
class Branch:
    """A search or a sub-search that waits for a reply."""

    search: Search[Any]
    parent: Branch | None = None
    place: int = 0
    results: list[Any] = field(default_factory=list)
    missing: int = 0


Open: TypeAlias = tuple[Branch, Extend | Score]


class Walk:
    """One problem's search. `take` hands out the asks that are open, `give` answers one; forks and groups
    are answered here. `outcome` is set at the end."""

    def __init__(self, problem_id: str, text: str, search: Search[Outcome], world: World, seed: int) -> None:
        self.problem_id = problem_id
        self.outcome: Outcome | None = None
        self._world = world
        self._root = world.root(text)
        self._seed = seed
        self._open: list[Open] = []
        self._go(Branch(search), None)

    def take(self) -> list[Open]:
        """All open asks that nobody took yet."""
        taken, self._open = self._open, []
        return taken

    def take_from(self, branch: Branch) -> list[Open]:
        """The open asks of one branch."""
        taken = [one for one in self._open if one[0] is branch]
        self._open = [one for one in self._open if one[0] is not branch]
        return taken

    def give(self, to: Branch, reply: Path) -> None:
        self._go(to, reply)

    def parent(self, ask: Extend) -> Node:
        return self._world.leaf(ask.path) if ask.path.steps_S else self._root

    def child(self, ask: Extend) -> Node:
        """The step that `ask` brings, by the same seed as the scheduler's request."""
        return self._world.child(self.parent(ask), seed_of(self._seed, self.problem_id, ask.key))

    def grown(self, ask: Extend) -> Path:
        node = self.child(ask)
        return ask.path.grow(ask.key.child, (node.step,), "stop" if node.stops else "open")

    def scored(self, path: Path) -> Path:
        return path.scored(tuple(self._world.node(step).score for step in path.steps_S))

    def leaf(self, path: Path) -> Node:
        return self._world.leaf(path)

    def _go(self, branch: Branch, reply: Any) -> None:
        while True:
            try:
                ask = branch.search.send(reply)
            except StopIteration as end:
                above = branch.parent
                if above is None:
                    self.outcome = end.value
                    return
                above.results[branch.place] = end.value
                above.missing -= 1
                if above.missing:
                    return
                branch, reply = above, tuple(above.results)
                continue
            match ask:
                case Group():
                    reply = same_text(ask.answers_N)
                case Fork(searches=()):
                    reply = ()
                case Fork():
                    branch.results, branch.missing = [None] * len(ask.searches), len(ask.searches)
                    for place, search in enumerate(ask.searches):
                        self._go(Branch(search, branch, place), None)
                    return
                case Extend() | Score():
                    self._open.append((branch, ask))
                    return
                case _:
                    raise NotImplementedError(f"no pattern answers {type(ask).__name__}")


def same_text(answers_N: tuple[str | None, ...]) -> tuple[int | None, ...]:
    """Groups answers by their text: the world spells each in one way."""
    first: dict[str, int] = {}
    return tuple(None if said is None else first.setdefault(said, i) for i, said in enumerate(answers_N))
