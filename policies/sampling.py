"""How whole solutions are sampled: how many, which comes first, and what becomes of one that goes wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from .aggregate import value
from .ask import Search, fork
from .choosing import Choosing
from .grow import chain, regrow
from .limits import Limits
from .path import Path
from .spec import MAX_N, SpecError, one_of, share, whole
from .stop import Lead, standing
from .stopping import Stopping

__all__ = ["FIRSTS", "Sampling", "samples", "survivors"]

MAX_BACKTRACK = 16
FIRSTS = ("sample", "greedy")


@dataclass(frozen=True, slots=True)
class Sampling:
    """How N solutions are drawn.

    Args:
        n: how many, at most.
        first: `sample`, or `greedy` to make the first solution the greedy one. A small model is right more
            often with it than with a sample.
        prune: gives up a sample after a step that leaves it without an answer and with a value below this,
            a probability in [0, 1). A restart is cheaper than its end. The last of N is never pruned while
            none has an answer.
        backtrack: how often a step that halves the value is taken back and written again. What was right
            before it is kept (depth-first search of arXiv 2305.10601, section 3). `prune` looks afterwards.
        reject: speculative rejection (arXiv 2410.20290). All N grow together. After 2, 4, 8, ... steps this
            share of those still open, the lowest by partial value, is given up.

    Raises:
        SpecError: a value is out of range, or two of them exclude each other.

    >>> Sampling(n=8, first="greedy", backtrack=2).n
    8
    """

    n: int = 8
    first: str = "sample"
    prune: float = 0.0
    backtrack: int = 0
    reject: float = 0.0

    def __post_init__(self) -> None:
        whole("n", self.n, 1, MAX_N)
        one_of("first", self.first, FIRSTS)
        share("prune", self.prune, 0.0, 1.0)
        whole("backtrack", self.backtrack, 0, MAX_BACKTRACK)
        share("reject", self.reject, 0.0, 1.0)
        if self.prune and self.reject:
            raise SpecError("prune and reject exclude each other: one gives up by value, one by rank")
        if self.backtrack and self.reject:
            raise SpecError("backtrack and reject exclude each other: one repairs a sample, one gives it up")

    @property
    def is_plain(self) -> bool:
        """Whether every solution is an independent sample that was written to its end."""
        return self == Sampling(self.n)

    @property
    def greedy(self) -> int:
        """How many of the solutions, from the first on, are greedy ones."""
        return int(self.first == "greedy")

    def temperature(self, child: int, limits: Limits) -> float:
        """The temperature of the solution with this index."""
        return 0.0 if child < self.greedy else limits.temperature


def samples(
    sampling: Sampling,
    limits: Limits,
    *,
    scored: bool,
    stopping: Stopping = Stopping(),
    choosing: Choosing = Choosing("vote"),
) -> Search[tuple[Path, ...]]:
    """Up to N independent solutions: all side by side, or in waves where `stopping` may end them early."""
    n, rule = sampling.n, stopping.rule
    paths_N: tuple[Path, ...] = ()
    lead = Lead()
    while len(paths_N) < n:
        left = n - len(paths_N)
        wave = 1 if stopping.accept else rule.wave(lead, left) if rule else left
        # One at least goes to its end: an answer is better than none.
        spared = n if any(path.answer is not None for path in paths_N) else n - 1
        paths_N += yield from fork(
            tuple(
                _one(sampling, i, limits, choosing.aggregate, scored=scored, may_prune=i < spared)
                for i in range(len(paths_N), len(paths_N) + wave)
            )
        )
        if stopping.accepts(paths_N[-1], choosing.aggregate):
            break
        if rule and len(paths_N) < n:
            lead = yield from standing(paths_N, choosing.select, choosing.aggregate)
            if rule.settled(lead, n - len(paths_N)):
                break
    return paths_N


def survivors(sampling: Sampling, limits: Limits, aggregate: str) -> Search[tuple[Path, ...]]:
    """All N solutions in their own order, grown together; looks after 2, 4, 8, ... steps. One open path
    always goes on."""
    paths_N: tuple[Path, ...] = (Path(),) * sampling.n
    look = 2
    while True:
        paths_N = yield from fork(
            tuple(_advance(sampling, path, i, look, limits, aggregate) for i, path in enumerate(paths_N))
        )
        racing = [i for i, path in enumerate(paths_N) if path.is_open]
        if not racing:
            return paths_N
        racing.sort(key=lambda i: (-(value(paths_N[i], aggregate) or 0.0), i))
        paths_N = _given_up(paths_N, racing[len(racing) - int(sampling.reject * len(racing)) :])
        look *= 2


def _one(
    sampling: Sampling, child: int, limits: Limits, aggregate: str, *, scored: bool, may_prune: bool
) -> Search[Path]:
    """The solution with index `child`: in one go, or step by step where it may be pruned or backtracks."""
    prune = sampling.prune if may_prune else 0.0
    if not prune and not sampling.backtrack:
        temperature = sampling.temperature(child, limits)
        return (yield from chain(child, limits, temperature=temperature, scored=scored))
    path = Path()
    while path.is_open:
        path = yield from _advance(sampling, path, child, len(path.lineage) + 1, limits, aggregate)
        worth = value(path, aggregate)
        if path.is_open and path.answer is None and worth is not None and worth < prune:
            path = replace(path, finish="dropped")
    return path


def _advance(
    sampling: Sampling, path: Path, child: int, steps: int, limits: Limits, aggregate: str
) -> Search[Path]:
    """`path` until it has ended or has `steps` steps; `child` is its index under the root."""
    temperature = sampling.temperature(child, limits)
    while path.is_open and len(path.lineage) < steps:
        at = 0 if path.lineage else child
        path = yield from regrow(0, path, at, limits, temperature, sampling.backtrack, aggregate)
        if path.is_open and len(path.lineage) >= limits.steps:
            path = replace(path, finish="length")
    return path


def _given_up(paths_N: tuple[Path, ...], which: Iterable[int]) -> tuple[Path, ...]:
    dropped = set(which)
    return tuple(replace(path, finish="dropped") if i in dropped else path for i, path in enumerate(paths_N))
