"""Counts subsets won by a right answer where groups can tie: votes, and best-of-n at equal values.

A *lead* is a sample whose value is the highest of the subset (in a vote, where no value counts, every
sample is one). Of the groups with a lead the one with most members in the subset wins; then the one with the
most probable lead, then the one with the answer that sorts first (policies.select). For the winner with c
members, most probable lead L and first answer s, the subsets of every other group that lose to it are
counted by binomials; their generating functions multiply, so no subset is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np
import numpy.typing as npt

from compute_router.training.subset_expectation.voters import (
    BINOMIAL,
    BINOMIAL_BEFORE,
    Voters,
    present,
    times,
)

__all__ = ["ways_to_be_right"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Win:
    """How group `group` may stand: its most probable lead has this log-probability, its first answer ranks
    `first` (None where that cannot matter), in own_C[c] subsets of c of its members."""

    group: int
    logprob: float
    first: int | None
    own_C: Floats


def ways_to_be_right(voters: Voters, lead_V: Mask, pool: int, *, voted: bool) -> Floats:
    """For every size n, the number of subsets of `pool` samples (the voters, and others that have no say)
    with a lead whose answer is right. `voted`: a group speaks by its most frequent spelling, else by its best
    lead."""
    led_V = lead_V if lead_V.all() else np.isin(voters.group, voters.group[lead_V])
    heard_V = led_V if voted else lead_V
    right = int(voters.right[heard_V].sum())
    total = present(int(lead_V.sum()), pool)
    if right == 0:
        return np.zeros_like(total)
    if right == heard_V.sum():
        return total
    sub, lead = voters.some(led_V), lead_V[led_V]
    free = pool - len(lead)
    if 2 * right > heard_V.sum():  # fewer cases the other way round
        return total - _ways(sub.flipped(), lead, free, pool, voted, wrong=True)
    return _ways(sub, lead, free, pool, voted, wrong=False)


def _ways(voters: Voters, lead: Mask, free: int, pool: int, voted: bool, wrong: bool) -> Floats:
    groups = np.unique(voters.group)
    wins = [win for group in groups for win in _wins(voters, lead, int(group), voted)]
    ways = np.zeros(BINOMIAL.shape[0])
    if not wins:
        return ways
    most = max(len(win.own_C) for win in wins) - 1
    own_WC = np.zeros((len(wins), most + 1))
    for own_C, win in zip(own_WC, wins, strict=True):
        own_C[: len(win.own_C)] = win.own_C
    product = np.zeros((len(wins), most + 1, pool + 1))
    product[:, :, : free + 1] = BINOMIAL[free, : free + 1]
    for group in groups:
        product = times(product, _losing(voters, lead, int(group), wins, most))
    for c in range(1, most + 1):
        ways[c : pool + 1] += own_WC[:, c] @ product[:, c, : pool + 1 - c]
    return ways


def _wins(voters: Voters, lead: Mask, group: int, voted: bool) -> list[_Win]:
    """Every standing in which the group's answer is right."""
    mine = voters.group == group
    own, led = voters.some(mine), lead[mine]
    if not own.right[led].any() and not (voted and own.right.any()):
        return []
    size = len(led)
    mixed = voted and not own.right.all()
    rivals = set(voters.logprob[lead & ~mine].tolist())
    order = np.lexsort((own.spelling, -own.logprob))
    if not mixed and rivals.isdisjoint(own.logprob[led].tolist()):
        best_L = order[led[order]]
        # With the a-th lead as the best, the c - 1 others are later leads or do not lead.
        return [
            _Win(group, float(own.logprob[i]), None, BINOMIAL_BEFORE[size - 1 - a, : size + 1])
            for a, i in enumerate(best_L)
            if voted or own.right[i]
        ]
    wins = []
    # The best lead, from the most probable; among equals the first answer speaks.
    bests = dict.fromkeys((own.logprob[i], int(own.spelling[i])) for i in order if led[i])
    worse = np.ones(size, dtype=bool)
    for logprob, spelling in bests:
        best = led & (own.logprob == logprob) & (own.spelling == spelling)
        with_it, worse = worse, worse & ~best
        if not voted and not own.right[best].all():
            continue
        tied = logprob in rivals
        for first in np.unique(own.spelling[with_it]) if tied else (None,):
            sets = [(with_it, 1), (worse, -1)]
            if first is not None:
                sets = [
                    (at & (own.spelling >= first + past), sign * (1 - 2 * past))
                    for at, sign in sets
                    for past in (0, 1)
                ]
            count = _spoken if mixed else _any
            own_C = sum((sign * count(own, at, size) for at, sign in sets), np.zeros(size + 1))
            wins.append(_Win(group, logprob, None if first is None else int(first), own_C))
    return wins


def _any(own: Voters, at: Mask, size: int) -> Floats:
    return BINOMIAL[int(at.sum()), : size + 1]


def _spoken(own: Voters, at: Mask, size: int) -> Floats:
    """The subsets of the members `at`, by size, whose most frequent spelling is right."""
    texts, counts = np.unique(own.spelling[at], return_counts=True)
    right = {int(text) for text in own.spelling[at & own.right]}
    ways = np.zeros(size + 1)
    for text, count in zip(texts, counts, strict=True):
        if int(text) not in right:
            continue
        for k in range(1, count + 1):
            rest = [
                BINOMIAL[n, : min(n, k if other > text else k - 1) + 1]
                for other, n in zip(texts, counts, strict=True)
                if other != text
            ]
            others = reduce(np.convolve, rest, np.ones(1))
            ways[k : k + len(others)] += BINOMIAL[count, k] * others
    return ways


def _losing(voters: Voters, lead: Mask, group: int, wins: list[_Win], most: int) -> Floats:
    """(win, c, j): the subsets of j members of the group that lose to the win at c members; 1 of none where
    the win is the group's own."""
    mine = voters.group == group
    size, leads = int(mine.sum()), int((mine & lead).sum())
    without = BINOMIAL[size - leads, : size + 1]
    fewer = np.tri(most + 1, size + 1, -1) * (BINOMIAL[size, : size + 1] - without)
    losing = np.broadcast_to(without + fewer, (len(wins), most + 1, size + 1)).copy()
    logprobs = np.sort(voters.logprob[mine & lead])
    lesser = np.searchsorted(logprobs, [win.logprob for win in wins])
    ties = BINOMIAL[size - leads + lesser, : size + 1] - without
    for w, win in enumerate(wins):
        if win.first is not None and win.group != group:
            later = mine & (voters.spelling > win.first)
            below = int((later & (~lead | (voters.logprob < win.logprob))).sum())
            up_to = int((later & (~lead | (voters.logprob <= win.logprob))).sum())
            ties[w] += BINOMIAL[up_to, : size + 1] - BINOMIAL[below, : size + 1]
    upto = np.arange(min(most, size) + 1)
    losing[:, upto, upto] += ties[:, upto]
    own = np.array([win.group == group for win in wins])
    losing[own] = 0.0
    losing[own, :, 0] = 1.0
    return losing
