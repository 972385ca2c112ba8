"""Runs a search against a world, a pure function of its asks, in any order of completion."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from hashlib import blake2b
from random import Random
from typing import Any, Protocol

from compute_router.policies import (
    Ask,
    Assess,
    Extend,
    Finish,
    Fork,
    Group,
    Outcome,
    Outlook,
    Path,
    Score,
    Search,
    Step,
)

__all__ = [
    "SPECS",
    "Driven",
    "Memory",
    "World",
    "draw",
    "drive",
    "faulty",
    "one_value",
    "same_value",
    "toy_world",
    "write",
]

SPECS = (
    "direct",
    "greedy",
    "majority:n=6",
    "best_of_n:n=6,select=weighted,aggregate=min",
    "beam:n=6,m=2",
    "dvts:n=6,m=2,select=max,aggregate=product",
    "majority:n=9,stop=certain",
    "majority:n=9,stop=0.8",
    "best_of_n:n=6,select=weighted,stop=0.9",
    "best_of_n:n=6,reject=0.5",
    "best_of_n:n=6,accept=0.8",
    "best_of_n:n=6,prune=0.4",
    "best_of_n:n=6,prune=0.4,first=greedy",
    "best_of_n:n=6,backtrack=2",
    "best_of_n:n=6,select=weighted,stop=0.9,accept=0.8,prune=0.4,first=greedy,backtrack=1",
    "best_of_n:n=6,select=weighted,stop=0.9,accept=0.8,prune=0.4",
    "best_of_n:n=6,select=vote,stop=0.8,accept=0.9",
    "beam:n=6,m=2,lookahead=2,stop=0.7",
    "dvts:n=6,m=3,lookahead=1,aggregate=mean",
    "dvts:n=8,m=2,stop=0.7",
    "rebase:n=6",
    "rebase:n=6,stop=0.7",
    "mcts:n=6,m=2",
    "mcts:n=6,m=3,stop=0.7",
    "reroute:n=6,m=2,probe=3",
    "reroute:n=6,m=2,probe=3,medium=dvts,hard=majority",
)
"""Every strategy, and every option of each at least once."""

MOST_ASKS = 5000


def draw(*parts: object) -> int:
    """A number from anything, the same in every process."""
    return int.from_bytes(blake2b(repr(parts).encode(), digest_size=8).digest(), "big")


def one_value(answer: str | None) -> object:
    """What an answer is as a number; other texts equal themselves only."""
    try:
        return answer if answer is None else Fraction(answer)
    except ValueError:
        return answer


def same_value(answers_N: tuple[str | None, ...]) -> tuple[int | None, ...]:
    """A Group reply for numbers: 1/2 and 0.5 are one."""
    first: dict[object, int] = {}
    return tuple(
        None if answer is None else first.setdefault(one_value(answer), i)
        for i, answer in enumerate(answers_N)
    )


def agreement(ask: Assess) -> Outlook:
    """An Assess reply: the share of the largest group is the chance that the problem is easy."""
    counts = Counter(vote for vote in ask.votes_N if vote is not None)
    share = max(counts.values(), default=0) / len(ask.votes_N)
    return Outlook(share, (1 - share) * 0.6, (1 - share) * 0.4)


class Replies(Protocol):
    def reply(self, ask: Ask) -> Any: ...


@dataclass(frozen=True, slots=True)
class World:
    """`extend` gives the grown path, `score` one score a step (or fewer, where the PRM failed)."""

    extend: Callable[[Extend], Path]
    score: Callable[[Path], tuple[float, ...]]
    group: Callable[[tuple[str | None, ...]], tuple[int | None, ...]] = same_value
    assess: Callable[[Assess], Outlook] = agreement

    def reply(self, ask: Ask) -> Any:
        match ask:
            case Extend():
                return self.extend(ask)
            case Score():
                return ask.path.scored(self.score(ask.path))
            case Group():
                return self.group(ask.answers_N)
            case Assess():
                return self.assess(ask)
            case Fork():
                raise AssertionError("a fork is the driver's to answer")


@dataclass(frozen=True, slots=True)
class Memory:
    """Answers what it has in mind, and leaves the rest to `world`."""

    known: Mapping[Ask, Any]
    world: World

    def reply(self, ask: Ask) -> Any:
        return self.known[ask] if ask in self.known else self.world.reply(ask)


@dataclass(frozen=True, slots=True)
class Driven:
    """What a search found and the bill: every ask with the number of times it was asked, and with its
    reply in order of completion."""

    outcome: Outcome
    asks: Counter[Ask]
    tokens: int
    log: tuple[tuple[Ask, Any], ...] = field(compare=False)

    @property
    def extends(self) -> list[Extend]:
        return [ask for ask, _ in self.log if isinstance(ask, Extend)]


@dataclass(slots=True)
class _Node:
    search: Search[Any]
    parent: _Node | None = None
    place: int = 0
    results: list[Any] = field(default_factory=list)
    missing: int = 0


def drive(search: Search[Outcome], world: Replies, order: int | None = None) -> Driven:
    """Run `search` to its end; `order` seeds the order of completion, None is first come, first served.
    Fails where a search that should have ended long ago still asks."""
    random = None if order is None else Random(order)
    ready: list[tuple[_Node, Ask]] = []
    log: list[tuple[Ask, Any]] = []
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
        assert len(log) < MOST_ASKS
        node, ask = ready.pop(random.randrange(len(ready)) if random else 0)
        reply = world.reply(ask)
        log.append((ask, reply))
        if isinstance(ask, Extend):
            tokens += reply.n_tokens - ask.path.n_tokens
        go(node, reply)
    [outcome] = ended
    return Driven(outcome, Counter(ask for ask, _ in log), tokens, tuple(log))


def write(ask: Extend, text: str, finish: Finish = "open", logprob: float = -0.5) -> Path:
    """The path with one more step, a token a character."""
    return ask.path.grow(ask.key.child, (_step(text, logprob),), finish)


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
        logprob = math.log((chance % 9 + 1) / 10)
        if len(lineage) >= steps or chance % 5 == 0:
            said = chance % (answers + 1)
            text = f"{name} so \\boxed{{{said}}}" if said else f"{name} no idea"
            return _step(text, logprob), True
        return _step(f"{name} hence\n\n", logprob), False

    def extend(ask: Extend) -> Path:
        lineage = (*ask.key.parent, ask.key.child)
        room = ask.max_tokens
        grown: list[Step] = []
        while room > 0:
            made, ended = step(ask.key.tree, lineage)
            grown.append(_first(made, room))
            room -= len(made.tokens_T)
            if room < 0:
                break
            if ended or ask.until == "step":
                return ask.path.grow(ask.key.child, tuple(grown), "stop" if ended else "open")
            lineage = (*lineage, 0)
        return ask.path.grow(ask.key.child, tuple(grown), "length")

    def judge(path: Path) -> tuple[float, ...]:
        return tuple(draw(seed, at.text) % 7 / 6 for at in path.steps_S)

    return World(extend, score or judge)


def faulty(world: World, seed: int, *, one_in: int = 4) -> World:
    """`world`, but one extension in `one_in` fails or is cut short, with or without its words, and as many
    paths come back unscored."""
    finishes: tuple[Finish, ...] = ("budget", "deadline", "length", "failed")

    def extend(ask: Extend) -> Path:
        chance = draw(seed, "extend", ask.key)
        if chance % one_in:
            return world.extend(ask)
        finish = finishes[chance // one_in % 4]
        if finish == "failed" or chance % 2:
            return ask.path.end(ask.key.child, finish)
        return replace(world.extend(ask), finish=finish)

    def score(path: Path) -> tuple[float, ...]:
        return world.score(path) if draw(seed, "score", path.text) % one_in else path.scores_S

    return World(extend, score)


def _step(text: str, logprob: float) -> Step:
    return Step(text, tuple(map(ord, text)), (logprob,) * len(text))


def _first(step: Step, tokens: int) -> Step:
    return Step(step.text[:tokens], step.tokens_T[:tokens], step.logprobs_T[:tokens])
