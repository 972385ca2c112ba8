"""What best-of-n and voting would have reached with n of a row's N samples: the exact expectation over all
subsets of n, each as likely as any other. Nothing is drawn and (but for sums of values, within a group of
equal answers) no subset is enumerated.

    max       order statistics: the r-th best of N is the best of n in C(N - r, n - 1) of C(N, n) subsets
    vote      a group's count against those of the others: a product of polynomials of binomials
    weighted  the subsets of every group, by rank of their sums; at most 16 samples

It is the expectation of compute_router.policies.select, its ties, abstentions and fallbacks included.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from compute_router.policies.aggregate import AGGREGATES
from compute_router.policies.select import SELECTS
from compute_router.training.subset_expectation.ties import ways_to_be_right
from compute_router.training.subset_expectation.voters import BINOMIAL, MOST, Voters, spellings
from compute_router.training.subset_expectation.weighted import MOST_WEIGHTED, weighted_ways
from compute_router.training.sweep.record import RecordedPath

__all__ = ["Blocks", "Samples", "accuracy", "most"]

Floats = npt.NDArray[np.float64]

Counted: TypeAlias = Callable[[Voters, int], Floats]
"""(voters, pool) -> for every size the number of subsets whose answer is right."""


def most(rule: str) -> int:
    """The most samples of which every subset can be counted."""
    return MOST_WEIGHTED if rule == "weighted" else MOST


def accuracy(paths_N: Sequence[RecordedPath], rule: str, aggregate: str = "last") -> Floats:
    """`Samples.accuracy` of these paths."""
    return Samples(paths_N).accuracy(rule, aggregate)


class Samples:
    """N independent samples of one problem. `dropped`: indices of those that the search gave up.

    Raises ValueError where a path that has an answer was not graded.
    """

    def __init__(self, paths_N: Sequence[RecordedPath], dropped: frozenset[int] = frozenset()) -> None:
        self._total = len(paths_N)
        at_V = [i for i, path in enumerate(paths_N) if path.group is not None]
        self._paths_V = [paths_N[i] for i in at_V]
        if any(path.correct is None for path in self._paths_V):
            raise ValueError("a path with an answer was not graded")
        self._dropped_V = np.array([i in dropped for i in at_V], dtype=bool)
        self._scored_V = np.array([bool(path.scores) for path in self._paths_V], dtype=bool)
        self._voters = Voters(
            np.array([path.group for path in self._paths_V], dtype=np.int64),
            np.zeros(len(at_V)),
            np.array([-math.inf if path.logprob is None else path.logprob for path in self._paths_V]),
            spellings([path.answer for path in self._paths_V]),
            np.array([path.correct for path in self._paths_V], dtype=bool),
        )

    def accuracy(self, rule: str, aggregate: str = "last") -> Floats:
        """(N + 1,): the probability that the answer selected among n of the samples is right, n = 0 ... N.

        `rule` and `aggregate` as in policies.select, of which it is the expectation, to rounding; only where
        two members of a group are equal in value and in probability, the answer that sorts first stands for
        the text that does. Raises ValueError for more samples than `most(rule)` and for an unknown rule.
        """
        if rule not in SELECTS:
            raise ValueError(f"the rule {rule!r} is not known; known: {', '.join(SELECTS)}")
        if self._total > most(rule):
            raise ValueError(
                f"{self._total} samples: the expectation of select={rule} is exact for at most {most(rule)}"
            )
        ways = np.zeros(MOST + 1)
        pool = self._total
        if self._voters.right.any():
            for voters, count in self._layers(rule, aggregate):
                ways += count(voters, pool)
                pool -= len(voters.group)
        reached: Floats = np.clip(ways[: self._total + 1] / BINOMIAL[self._total, : self._total + 1], 0, 1)
        return reached

    def _layers(self, rule: str, aggregate: str) -> Iterator[tuple[Voters, Counted]]:
        """Who has a say, by precedence: each counts in the subsets that hold none of those before. Paths that
        the search gave up speak only where nobody else does, unscored ones only where no scored one does."""
        for speaking_V in (~self._dropped_V, self._dropped_V):
            if rule == "vote":
                layers = [(speaking_V, False)]
            else:
                layers = [(speaking_V & self._scored_V, True), (speaking_V & ~self._scored_V, False)]
            for which_V, scored in layers:
                if not which_V.any():
                    continue
                voters = self._voters.some(which_V)
                if scored:
                    voters = voters._replace(value=self._values(which_V, aggregate))
                yield voters, _COUNTED[rule] if scored else _voted_ways

    def _values(self, which_V: npt.NDArray[np.bool_], aggregate: str) -> Floats:
        value_of = AGGREGATES[aggregate]
        return np.array([value_of(self._paths_V[i].scores) for i in np.flatnonzero(which_V)])


class Blocks:
    """As `Samples`, however many they are: more than M = `most(rule)` are taken as N // M blocks of M that
    follow one another."""

    def __init__(self, paths_N: Sequence[RecordedPath]) -> None:
        self._paths_N = paths_N
        self._samples: dict[int, list[Samples]] = {}

    def accuracy(self, rule: str, aggregate: str = "last") -> Floats:
        """The mean of `Samples.accuracy` over the blocks, for n = 0 ... min(N, M): exact within a block, and
        no less unbiased."""
        size = min(len(self._paths_N), most(rule))
        if size not in self._samples:
            starts = range(0, len(self._paths_N) - size + 1, size)
            self._samples[size] = [Samples(self._paths_N[start : start + size]) for start in starts]
        mean: Floats = np.mean([block.accuracy(rule, aggregate) for block in self._samples[size]], axis=0)
        return mean


def _voted_ways(voters: Voters, pool: int) -> Floats:
    return ways_to_be_right(voters, np.ones(len(voters.group), dtype=bool), pool, voted=True)


def _best_ways(voters: Voters, pool: int) -> Floats:
    """For every n, the subsets whose highest value belongs to a right answer."""
    order = np.lexsort((voters.spelling, -voters.logprob, -voters.value))
    ranked = voters.some(order)
    beside = (ranked.value[1:] == ranked.value[:-1]) & (ranked.group[1:] != ranked.group[:-1])
    ways = np.zeros(MOST + 1)
    if not beside.any():
        worse = pool - 1 - np.flatnonzero(ranked.right)
        ways[1:] = BINOMIAL[worse, :-1].sum(axis=0)
        return ways
    for value in np.unique(voters.value):
        at_most = voters.value <= value
        some = voters.some(at_most)
        below = pool - int((~at_most).sum())
        ways += ways_to_be_right(some, some.value == value, below, voted=False)
    return ways


_COUNTED: Final[Mapping[str, Counted]] = {"max": _best_ways, "weighted": weighted_ways}
