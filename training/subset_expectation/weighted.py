"""Counts subsets won by a right answer where the sum of values decides (select=weighted).

Sums of reals have no closed form, so the subsets of each group are listed: 2^(members), not 2^N. One that
wins is held against those of every other group by rank, and the counts by size multiply. The groups to be
listed as winners are the right ones or the wrong ones, whichever are fewer subsets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from compute_router.training.subset_expectation.voters import BINOMIAL, Voters, present, times

__all__ = ["MOST_WEIGHTED", "weighted_ways"]

MOST_WEIGHTED: Final = 16
"""Samples a row may have for weighted voting: a group of that many has 65,536 subsets."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_SIZES: Final = np.array([i.bit_count() for i in range(2**MOST_WEIGHTED)])
_ROUNDING: Final = 1e-12
"""Above what 16 additions of values in [0, 1] can be off."""


def weighted_ways(voters: Voters, pool: int) -> Floats:
    """For every size n, the number of subsets of `pool` samples (the voters, and others that have no say)
    whose answer is right."""
    total = present(len(voters.group), pool)
    if voters.right.all():
        return total
    if not voters.right.any():
        return np.zeros_like(total)
    if _to_list(voters.flipped()) < _to_list(voters):
        return total - _ways(voters, pool, wrong=True)
    return _ways(voters, pool, wrong=False)


def _to_list(voters: Voters) -> int:
    """How many subsets the groups have that may be right."""
    return sum(2 ** int((voters.group == group).sum()) for group in set(voters.group[voters.right].tolist()))


def _ways(voters: Voters, pool: int, *, wrong: bool) -> Floats:
    members = {group: voters.group == group for group in dict.fromkeys(voters.group.tolist())}
    sums = {group: _sums(voters.value[mine]) for group, mine in members.items()}
    spoken = {group: _spoken(voters.some(mine)) != wrong for group, mine in members.items()}
    for some in spoken.values():
        some[0] = False
    wins = {group: some for group, some in spoken.items() if some.any()}
    order = sums if _apart(sums) else _ordered(voters, members, list(wins))

    key_W = np.concatenate([order[group][some] for group, some in wins.items()])
    group_W = np.concatenate([np.full(int(some.sum()), group) for group, some in wins.items()])
    size_W = np.concatenate([_SIZES[: len(some)][some] for some in wins.values()])
    at = np.argsort(key_W)
    key_W, group_W, size_W = key_W[at], group_W[at], size_W[at]

    free = pool - len(voters.group)
    product = np.zeros((len(key_W), pool + 1))
    product[:, : free + 1] = BINOMIAL[free, : free + 1]
    for group in members:
        product = times(product, _losing(order[group], key_W, group_W == group))
    ways = np.zeros(BINOMIAL.shape[0])
    for size in range(1, int(size_W.max()) + 1):
        ways[size : pool + 1] += product[size_W == size, : pool + 1 - size].sum(axis=0)
    return ways


def _losing(key_T: Floats, key_W: Floats, own_W: Mask) -> Floats:
    """(winner, j): the subsets of j members that lose to it, the empty one with them; 1 of none where the
    winner is of this group. The first of `key_T` is the empty subset."""
    members = len(key_T).bit_length() - 1
    below = np.searchsorted(key_W, key_T[1:])
    counts = np.bincount(
        below * (members + 1) + _SIZES[1 : len(key_T)], minlength=(len(key_W) + 1) * (members + 1)
    )
    losing = counts.reshape(-1, members + 1)[:-1].cumsum(axis=0).astype(np.float64)
    losing[own_W] = 0.0
    losing[:, 0] = 1.0
    return losing


def _sums(values: Floats) -> Floats:
    """The sum of every subset's values, to a few roundings; subset i holds the members of the binary i."""
    sums = np.zeros(2 ** len(values))
    for i, value in enumerate(values):
        np.add(sums[: 2**i], value, out=sums[2**i : 2 ** (i + 1)])
    return sums


def _apart(sums: Mapping[int, Floats]) -> bool:
    """Whether no sum of one group is that of another, roundings allowed for."""
    *others, largest = sorted((some[1:] for some in sums.values()), key=len)
    if not others:
        return True
    few = np.concatenate(others)
    few.sort()
    gaps = np.diff(few)
    if len(others) > 1 and gaps.size and gaps.min() < _ROUNDING:
        return False
    return bool(
        (np.searchsorted(few, largest - _ROUNDING) == np.searchsorted(few, largest + _ROUNDING)).all()
    )


def _ordered(voters: Voters, members: Mapping[int, Mask], listed: Sequence[int]) -> dict[int, Floats]:
    """The order of policies.select as one number a subset: by sum (between and at those that are listed),
    then number, then best member, then first answer."""
    rank = _ranks(voters)
    subsets = {
        group: _subsets(voters.some(mine), rank[mine], int(mine.sum())) for group, mine in members.items()
    }
    marks = np.unique(np.concatenate([subsets[group].strength for group in listed]))

    def key(some: _Subsets) -> Floats:
        sums = np.searchsorted(marks, some.strength) + np.searchsorted(marks, some.strength, "right")
        sizes = _SIZES[: len(sums)]
        whole: Floats = (((sums * 64 + sizes) * 64 + some.best) * 64 + (63 - some.first)).astype(np.float64)
        return whole

    return {group: key(some) for group, some in subsets.items()}


class _Subsets(NamedTuple):
    """The subsets of one group's members: the sum of their values, the best member's rank by value and
    probability, the first answer."""

    strength: Floats
    best: Ints
    first: Ints


def _subsets(own: Voters, rank: Ints, size: int) -> _Subsets:
    high, low = np.zeros(2**size), np.zeros(2**size)
    best, first = np.zeros(2**size, dtype=np.int64), np.full(2**size, 63, dtype=np.int64)
    for i, value in enumerate(own.value):
        old, new = slice(0, 2**i), slice(2**i, 2 ** (i + 1))
        # The error of each addition is kept apart (Knuth's two-sum), as math.fsum does, so that sums
        # which are equal there are equal here.
        more = high[old] + value
        part = more - high[old]
        low[new] = low[old] + ((high[old] - (more - part)) + (value - part))
        high[new] = more
        best[new] = np.maximum(best[old], rank[i])
        first[new] = np.minimum(first[old], own.spelling[i])
    return _Subsets(high + low, best, first)


def _ranks(voters: Voters) -> Ints:
    """Of every voter by value, then probability; equals rank alike."""
    order = np.lexsort((voters.logprob, voters.value))
    value, logprob = voters.value[order], voters.logprob[order]
    rises = (value[1:] != value[:-1]) | (logprob[1:] != logprob[:-1])
    rank = np.zeros(len(order), dtype=np.int64)
    rank[order[1:]] = np.cumsum(rises)
    return rank


def _spoken(own: Voters) -> Mask:
    """Whether the most frequent spelling of each subset, of equals the first, is right; the empty one says
    nothing, and is never asked for."""
    subsets = 2 ** len(own.group)
    if own.right.all() or not own.right.any():
        return np.full(subsets, own.right[0])
    texts = np.unique(own.spelling)
    members = (np.arange(subsets)[:, None] >> np.arange(len(own.group))) & 1
    counts = members @ (own.spelling[:, None] == texts).astype(np.int64)
    spoken = texts[np.argmax(counts, axis=1)]
    right: Mask = np.isin(spoken, own.spelling[own.right])
    return right
