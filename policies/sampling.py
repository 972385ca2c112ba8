"""Strategies that sample whole solutions: greedy, majority vote, best-of-N.

Their samples are independent chains: no barrier stands between them, but where an early stop looks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from .aggregate import AGGREGATES, value
from .ask import Search, fork
from .grow import chain, regrow
from .limits import Limits
from .path import Path
from .select import SELECTS, Outcome, select
from .spec import MAX_N, SpecError, one_of, share, whole
from .stop import Lead, standing, stop_rule

__all__ = ["BestOfN", "Greedy", "Majority", "samples"]

MAX_REDO = 16


def samples(
    n: int,
    limits: Limits,
    *,
    scored: bool,
    stop: str = "never",
    accept: float = 0.0,
    drop: float = 0.0,
    greedy: int = 0,
    redo: int = 0,
    rule: str = "vote",
    aggregate: str = "last",
) -> Search[tuple[Path, ...]]:
    """Up to `n` chains, the first `greedy` of them at temperature 0; in waves where `stop` or `accept` may
    end them early; with `drop` or `redo`, watched ones."""
    stopping = stop_rule(stop)
    paths_N: tuple[Path, ...] = ()
    lead = Lead()
    while len(paths_N) < n:
        left = n - len(paths_N)
        wave = 1 if accept else stopping.wave(lead, left) if stopping else left
        # One at least goes to its end: an answer is better than none.
        spared = n if any(path.answer is not None for path in paths_N) else n - 1
        paths_N += yield from fork(
            tuple(
                _watched(i, limits, _heat(i, greedy, limits), drop if i < spared else 0.0, redo, aggregate)
                if redo or (drop and i < spared)
                else chain(i, limits, temperature=_heat(i, greedy, limits), scored=scored)
                for i in range(len(paths_N), len(paths_N) + wave)
            )
        )
        if accept and _reaches(paths_N[-1], accept, aggregate):
            break
        if stopping and len(paths_N) < n:
            lead = yield from standing(paths_N, rule, aggregate)
            if stopping.settled(lead, n - len(paths_N)):
                break
    return paths_N


def _heat(child: int, greedy: int, limits: Limits) -> float:
    return 0.0 if child < greedy else limits.temperature


def _watched(child: int, limits: Limits, heat: float, drop: float, redo: int, aggregate: str) -> Search[Path]:
    """A chain, dropped after the first step that leaves it without an answer and worth less than `drop`."""
    path = Path()
    while path.is_open:
        path = yield from _advance(path, child, len(path.lineage) + 1, limits, heat, redo, aggregate)
        worth = value(path, aggregate)
        if path.is_open and path.answer is None and worth is not None and worth < drop:
            path = replace(path, finish="dropped")
    return path


def _reaches(path: Path, accept: float, aggregate: str) -> bool:
    return path.answer is not None and (value(path, aggregate) or 0.0) >= accept


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
    """N sampled solutions, the most frequent answer (self-consistency, arXiv 2203.11171). `stop` ends the
    sampling early (Adaptive-Consistency, arXiv 2305.11860)."""

    name: ClassVar[str] = "majority"
    needs_prm: ClassVar[bool] = False
    n: int = 8
    stop: str = "never"

    def __post_init__(self) -> None:
        whole("n", self.n, 1, MAX_N)
        stop_rule(self.stop)

    def search(self, limits: Limits) -> Search[Outcome]:
        paths_N = yield from samples(self.n, limits, scored=False, stop=self.stop)
        return (yield from select(paths_N, "vote"))


@dataclass(frozen=True, slots=True)
class BestOfN:
    """N sampled solutions, the answer chosen by the PRM (arXiv 2502.06703, section 2.2).

    `stop` ends the sampling early, where answers are voted. `reject` is speculative rejection (arXiv
    2410.20290): all N grow together, and at every look this share of those still open, the lowest by
    partial value, is dropped. `accept` samples one by one: the first whose value is that high is the answer,
    where a calibrated PRM says how likely it is to be right; without one, all N are selected from. `drop`
    gives up a sample after a step that leaves it without an answer and with a value below this: a restart is
    cheaper than its end. The last of N is never dropped while none has an answer. `redo` goes back instead:
    a step that halves the value is taken back and written again, up to so many times, and all that was right
    before it is kept (backtracking, as in the depth-first search of arXiv 2305.10601, section 3). `drop`
    looks when that is done.
    `greedy=1` makes the first of the N the greedy solution: of a small model it is right more often than a
    sample, and so it is accepted, or dropped, sooner.
    """

    name: ClassVar[str] = "best_of_n"
    needs_prm: ClassVar[bool] = True
    n: int = 8
    select: str = "max"
    aggregate: str = "last"
    stop: str = "never"
    reject: float = 0.0
    accept: float = 0.0
    drop: float = 0.0
    greedy: int = 0
    redo: int = 0

    def __post_init__(self) -> None:
        whole("n", self.n, 1, MAX_N)
        one_of("select", self.select, SELECTS)
        one_of("aggregate", self.aggregate, tuple(AGGREGATES))
        share("reject", self.reject, 0.0, 1.0)
        share("accept", self.accept, 0.0, 1.0)
        share("drop", self.drop, 0.0, 1.0)
        whole("greedy", self.greedy, 0, 1)
        whole("redo", self.redo, 0, MAX_REDO)
        if self.drop and self.reject:
            raise SpecError("drop and reject exclude each other: one gives up by value, one by rank")
        if self.redo and self.reject:
            raise SpecError("redo and reject exclude each other: one mends a sample, one gives it up")
        if self.accept and self.reject:
            raise SpecError("accept and reject exclude each other: one samples one by one, one all at once")
        if stop_rule(self.stop):
            if self.select == "max":
                raise SpecError("stop needs a vote: with select=max a later sample can always be better")
            if self.reject:
                raise SpecError("stop and reject exclude each other: one samples in waves, one all at once")

    def search(self, limits: Limits) -> Search[Outcome]:
        if self.reject:
            paths_N = yield from self._survivors(limits)
        else:
            paths_N = yield from samples(
                self.n,
                limits,
                scored=True,
                stop=self.stop,
                accept=self.accept,
                drop=self.drop,
                greedy=self.greedy,
                redo=self.redo,
                rule=self.select,
                aggregate=self.aggregate,
            )
        # Of those before it none is as good: the best is the one that was accepted.
        accepted = self.accept and _reaches(paths_N[-1], self.accept, self.aggregate)
        return (yield from select(paths_N, "max" if accepted else self.select, self.aggregate))

    def _survivors(self, limits: Limits) -> Search[tuple[Path, ...]]:
        """All N paths in their own order; looks after 2, 4, 8, ... steps. One open path always goes on."""
        paths_N: tuple[Path, ...] = (Path(),) * self.n
        look = 2
        while True:
            paths_N = yield from fork(
                tuple(
                    _advance(path, i, look, limits, _heat(i, self.greedy, limits))
                    for i, path in enumerate(paths_N)
                )
            )
            racing = [i for i, path in enumerate(paths_N) if path.is_open]
            if not racing:
                return paths_N
            racing.sort(key=lambda i: (-(value(paths_N[i], self.aggregate) or 0.0), i))
            dropped = set(racing[len(racing) - int(self.reject * len(racing)) :])
            paths_N = tuple(
                replace(path, finish="dropped") if i in dropped else path for i, path in enumerate(paths_N)
            )
            look *= 2


def _advance(
    path: Path, child: int, steps: int, limits: Limits, heat: float, redo: int = 0, aggregate: str = "last"
) -> Search[Path]:
    """`path` until it has ended or has `steps` steps; `child` is its index under the root."""
    while path.is_open and len(path.lineage) < steps:
        path = yield from regrow(0, path, 0 if path.lineage else child, limits, heat, redo, aggregate)
        if path.is_open and len(path.lineage) >= limits.steps:
            path = replace(path, finish="length")
    return path
