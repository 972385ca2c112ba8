"""Runs a search against a world, a pure function of its asks, in any order of completion."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from hashlib import blake2b
from random import Random
from typing import Any

from policies import Ask, Extend, Fork, Group, Outcome, Path, Score, Search, Step

__all__ = ["Driven", "World", "drive", "same_value", "toy_world"]


def draw(*parts: object) -> int:
    """A number from anything, the same in every process."""
    return int.from_bytes(blake2b(repr(parts).encode(), digest_size=8).digest(), "big")


def same_value(answers_N: tuple[str | None, ...]) -> tuple[int | None, ...]:
    """A Group reply for numbers: 1/2 and 0.5 are one; other texts equal themselves only."""
    first: dict[object, int] = {}

    def value(answer: str) -> object:
        try:
            return Fraction(answer)
        except ValueError:
            return answer

    return tuple(
        None if answer is None else first.setdefault(value(answer), i) for i, answer in enumerate(answers_N)
    )


@dataclass(frozen=True, slots=True)
class World:
    """`extend` gives the grown path, `score` one score a step (or fewer, where the PRM failed)."""

    extend: Callable[[Extend], Path]
    score: Callable[[Path], tuple[float, ...]]
    group: Callable[[tuple[str | None, ...]], tuple[int | None, ...]] = same_value

    def reply(self, ask: Ask) -> Any:
        match ask:
            case Extend():
                return self.extend(ask)
            case Score():
                return ask.path.scored(self.score(ask.path))
            case Group():
                return self.group(ask.answers_N)
            case Fork():
                raise AssertionError("a fork is the driver's to answer")


@dataclass(frozen=True, slots=True)
class Driven:
    """What a search found and the bill: every ask with the number of times it was asked."""

    outcome: Outcome
    asks: Counter[Ask]
    tokens: int


@dataclass(slots=True)
class _Node:
    search: Search[Any]
    parent: _Node | None = None
    place: int = 0
    results: list[Any] = field(default_factory=list)
    missing: int = 0


def drive(search: Search[Outcome], world: World, order: int | None = None) -> Driven:
    """Run `search` to its end; `order` seeds the order of completion, None is first come, first served."""
    random = None if order is None else Random(order)
    ready: list[tuple[_Node, Ask]] = []
    asks: Counter[Ask] = Counter()
    tokens = 0
    ended: list[Outcome] = []

    def go(node: _Node, reply: Any) -> None:
        try:
            ask: Ask = node.search.send(reply)
        except StopIteration as end:
            give(node, end.value)
            return
        if not isinstance(ask, Fork):
            ready.append((node, ask))
            return
        node.results, node.missing = [None] * len(ask.searches), len(ask.searches)
        for place, branch in enumerate(ask.searches):
            go(_Node(branch, node, place), None)

    def give(node: _Node, result: Any) -> None:
        if node.parent is None:
            ended.append(result)
            return
        node.parent.results[node.place] = result
        node.parent.missing -= 1
        if not node.parent.missing:
            go(node.parent, tuple(node.parent.results))

    go(_Node(search), None)
    while ready:
        node, ask = ready.pop(random.randrange(len(ready)) if random else 0)
        asks[ask] += 1
        reply = world.reply(ask)
        if isinstance(ask, Extend):
            tokens += reply.n_tokens - ask.path.n_tokens
        go(node, reply)
    [outcome] = ended
    return Driven(outcome, asks, tokens)


def toy_world(
    seed: int,
    *,
    steps: int = 4,
    answers: int = 3,
    distinct: bool = False,
    score: Callable[[Path], tuple[float, ...]] | None = None,
) -> World:
    """Texts that hang on (seed, tree, lineage) alone, a token a character. A path to its end is the path
    of first children, step by step. At most `steps` steps a path, `answers` different answers; `distinct`
    texts never coincide."""

    def step(tree: int, lineage: tuple[int, ...]) -> tuple[Step, bool]:
        chance = draw(seed, tree, lineage)
        name = (tree, lineage) if distinct else chance % 3
        if len(lineage) >= steps or chance % 5 == 0:
            said = chance % (answers + 1)
            text = f"{name} so \\boxed{{{said}}}" if said else f"{name} no idea"
            return _step(text, chance), True
        return _step(f"{name} hence\n\n", chance), False

    def extend(ask: Extend) -> Path:
        lineage = (*ask.key.parent, ask.key.child)
        made, ended = step(ask.key.tree, lineage)
        grown = [made]
        while ask.until == "end" and not ended:
            lineage = (*lineage, 0)
            made, ended = step(ask.key.tree, lineage)
            grown.append(made)
        return ask.path.grow(ask.key.child, tuple(grown), "stop" if ended else "open")

    def judge(path: Path) -> tuple[float, ...]:
        return tuple(draw(seed, at.text) % 7 / 6 for at in path.steps_S)

    return World(extend, score or judge)


def _step(text: str, chance: int) -> Step:
    logprob = math.log((chance % 9 + 1) / 10)
    return Step(text, tuple(map(ord, text)), (logprob,) * len(text))
