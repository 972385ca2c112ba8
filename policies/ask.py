"""What a search may ask of the world, and what it gets back.

A search is a generator: it yields asks and receives replies, so the same code runs under the real
scheduler, in virtual time and in a property test with random completion order. Use the helper
generators of this module with `yield from`; they give each reply its type.

    ask                      reply
    Extend(key, path, ...)   Path        the path one step further, or to its end
    Score(path)              Path        the same path with a score for every step
    Group(answers_N)         int | None  for each answer: the first one equal to it
    Assess(paths, votes)     Outlook     how hard the problem looks, given these samples
    Fork(searches)           results     sub-searches side by side, results in their own order
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Literal, TypeAlias, TypeVar

from .fast_frozen import record
from .outlook import Outlook
from .path import Path

__all__ = [
    "Ask",
    "Assess",
    "Extend",
    "Fork",
    "Group",
    "Key",
    "Score",
    "Search",
    "assess",
    "fork",
    "group",
    "score",
]

T = TypeVar("T")


@record
class Key:
    """The name of one extension inside one problem; seeds, cache keys and log rows derive from it.

    `tree` numbers independent subtrees (DVTS), `parent` is the lineage of the path that is extended
    and `child` tells siblings apart. The depth is the length of `parent`.
    """

    tree: int
    parent: tuple[int, ...]
    child: int


@record
class Extend:
    """Extend `path` by one step or to its end, by at most `max_tokens` tokens. An empty path may begin with
    `opening`, words put into the policy model's mouth: part of the text, not of the tokens written.

    The reply is `path.grow(...)`; where the budget is spent or the engine failed for good it is the
    unchanged path, closed (`finish` says why). A failed path is data, never an exception.
    """

    key: Key
    path: Path
    until: Literal["step", "end"]
    max_tokens: int
    temperature: float
    opening: str = ""


@record
class Score:
    """Score every step of `path` that has no score yet. Where the PRM failed, or the budget is spent,
    the path comes back unscored."""

    path: Path


@record
class Group:
    """Group answers by mathematical equivalence; None abstains and stays None."""

    answers_N: tuple[str | None, ...]


@record
class Assess:
    """Tell how hard the problem looks after these samples; `votes_N` groups them by equal answers."""

    paths_N: tuple[Path, ...]
    votes_N: tuple[int | None, ...]


@record
class Fork:
    """Run sub-searches side by side. Nothing waits for a sibling but whoever reads the results."""

    searches: tuple[Generator[Any, Any, Any], ...]


Ask: TypeAlias = Extend | Score | Group | Assess | Fork
Search: TypeAlias = Generator[Ask, Any, T]


def score(path: Path) -> Search[Path]:
    if path.is_scored:  # it did not grow, or only by a blank step
        return path
    reply: Path = yield Score(path)
    return reply


def group(answers_N: tuple[str | None, ...]) -> Search[tuple[int | None, ...]]:
    reply: tuple[int | None, ...] = yield Group(answers_N)
    return reply


def assess(paths_N: tuple[Path, ...], votes_N: tuple[int | None, ...]) -> Search[Outlook]:
    reply: Outlook = yield Assess(paths_N, votes_N)
    return reply


def fork(searches: tuple[Search[T], ...]) -> Search[tuple[T, ...]]:
    if not searches:
        return ()
    reply: tuple[T, ...] = yield Fork(searches)
    return reply
