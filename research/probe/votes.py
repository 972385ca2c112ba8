"""Who wins among every subset of a problem's samples: the vote, and the vote weighed by a PRM."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from compute_router.training.outcomes.outcome_matrix import Floats, Ints
from compute_router.training.sweep.record import RecordedPath

__all__ = ["MOST", "after_subset", "sizes", "winners"]

MOST = 16
"""Samples of one problem: there are 2^N subsets."""


def sizes(n: int) -> Ints:
    """(2^n,): how many samples each subset holds. Bit i of its number is sample i."""
    found: Ints = _members(n).sum(axis=1).astype(np.int64)
    return found


def winners(paths_N: Sequence[RecordedPath], *, weighted: bool = False) -> Floats:
    """(2^N,): 1 where the answer of the subset is right, 0 where it is wrong or there is none.

    As policies.select: the strongest group (by number, or `weighted` by the sum of last scores), then the
    larger, then the one with the best member (score, where they count, then log-probability), then the answer
    that sorts first. Raises ValueError for more than `MOST` paths, and where `weighted` and an answered path
    has no score.
    """
    n = len(paths_N)
    if n > MOST:
        raise ValueError(f"{n} samples: all subsets are looked at for at most {MOST}")
    answered = [i for i, path in enumerate(paths_N) if path.group is not None]
    if weighted and any(not paths_N[i].scores for i in answered):
        raise ValueError("a path has no score to weigh its vote")
    member_TN = _members(n)
    groups = dict.fromkeys(paths_N[i].group for i in answered)
    best_key = [np.full(2**n, -np.inf) for _ in range(4)]
    right_T = np.zeros(2**n)
    values = [paths_N[i].scores[-1] if weighted and paths_N[i].scores else 0.0 for i in range(n)]
    merits = _ranks(
        [(v, -np.inf if p.logprob is None else p.logprob) for v, p in zip(values, paths_N, strict=True)]
    )
    spelled = _ranks([(path.answer or "",) for path in paths_N])
    for group in groups:
        mine = [i for i in answered if paths_N[i].group == group]
        count_T = member_TN[:, mine].sum(axis=1)
        strength = (
            count_T
            if not weighted
            else np.round(member_TN[:, mine] @ np.array([values[i] for i in mine]), 12)
        )
        merit = np.max(np.where(member_TN[:, mine] > 0, merits[mine], -np.inf), axis=1)
        first = np.max(np.where(member_TN[:, mine] > 0, -spelled[mine], -np.inf), axis=1)
        key = [strength, count_T, merit, first]
        wins = (count_T > 0) & _greater(key, best_key)
        right = sum(paths_N[i].correct is True for i in mine) * 2 > len(mine)
        right_T[wins] = float(right)
        best_key = [np.where(wins, one, other) for one, other in zip(key, best_key, strict=True)]
    return right_T


def after_subset(value_T: Floats, n: int, size: int) -> Floats:
    """(2^n,): for each subset the mean of `value_T` over the subsets of `size` samples that hold it; NaN for
    larger ones."""
    size_T = sizes(n)
    total = np.stack([np.where(size_T == size, value_T, 0.0), (size_T == size).astype(np.float64)])
    for bit in range(n):  # sums over supersets
        parts = total.reshape(2, 2 ** (n - bit - 1), 2, 2**bit)
        parts[:, :, 0, :] += parts[:, :, 1, :]
    with np.errstate(invalid="ignore"):
        found: Floats = total[0] / total[1]
    return found


def _members(n: int) -> Floats:
    """(2^n, n): 1 where the subset holds the sample."""
    return ((np.arange(2**n)[:, None] >> np.arange(n)) & 1).astype(np.float64)


def _ranks(keys: Sequence[tuple[object, ...]]) -> Floats:
    """The rank of each key among the distinct ones."""
    order = {key: float(i) for i, key in enumerate(sorted(set(keys)))}
    return np.array([order[key] for key in keys])


def _greater(key: Sequence[Floats], other: Sequence[Floats]) -> NDArray[np.bool_]:
    """Whether `key` comes after `other` in lexicographic order, elementwise."""
    greater, equal = np.zeros(len(key[0]), dtype=bool), np.ones(len(key[0]), dtype=bool)
    for one, two in zip(key, other, strict=True):
        greater |= equal & (one > two)
        equal &= one == two
    return greater
