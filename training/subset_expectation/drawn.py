"""What n of N samples would have reached by rules that look at no value: any of them right, and a vote whose
ties are drawn. As in `expectation`, over all subsets, of which none is enumerated.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from compute_router.training.subset_expectation.voters import BINOMIAL, MOST, times

__all__ = ["any_right", "drawn_vote"]

Floats = npt.NDArray[np.float64]


def any_right(right_N: Sequence[bool]) -> Floats:
    """(N + 1,): the probability that one of n samples is right (pass@n, arXiv 2107.03374, section 2.1).
    Raises ValueError for more than 64 samples."""
    total = _total(len(right_N))
    ways = BINOMIAL[total, : total + 1]
    reached: Floats = 1 - BINOMIAL[total - sum(right_N), : total + 1] / ways
    return reached


def drawn_vote(groups_N: Sequence[int | None], right_N: Sequence[bool]) -> Floats:
    """(N + 1,): the probability that a member, drawn at random, of the largest groups among n samples is
    right; None is in no group. Members of one group can differ: the grader is no equivalence. Raises
    ValueError for more than 64 samples."""
    total = _total(len(groups_N))
    members = {
        group: [right for other, right in zip(groups_N, right_N, strict=True) if other == group]
        for group in dict.fromkeys(groups_N)
        if group is not None
    }
    ways = np.zeros(total + 1)
    for most in range(1, max(map(len, members.values()), default=0) + 1):
        ways += _tied(list(members.values()), groups_N.count(None), most, total)
    reached: Floats = ways / BINOMIAL[total, : total + 1]
    return reached


def _tied(members: Sequence[Sequence[bool]], silent: int, most: int, total: int) -> Floats:
    """For every size, the share of right members of the largest groups, where these have `most` members,
    summed over the subsets. Row t of the two polynomials: t groups are as large; how many subsets, and the
    sum of these groups' shares."""
    counts = np.zeros((len(members) + 1, total + 1))
    shares = np.zeros_like(counts)
    counts[0] = BINOMIAL[silent, : total + 1]
    for group in members:
        size = len(group)
        fewer = BINOMIAL[size, : min(most, total + 1)]
        level = np.zeros(min(most, total) + 1)
        if size >= most:
            level[most] = BINOMIAL[size, most]
        one_more = times(counts[:-1], level)
        shares = times(shares, fewer) + np.pad(times(shares[:-1], level), ((1, 0), (0, 0)))
        # By symmetry the chosen members of a group are right as often as all of them.
        shares[1:] += sum(group) / size * one_more
        counts = times(counts, fewer)
        counts[1:] += one_more
    summed: Floats = (shares[1:] / np.arange(1, len(members) + 1)[:, None]).sum(axis=0)
    return summed


def _total(samples: int) -> int:
    if samples > MOST:
        raise ValueError(f"{samples} samples: at most {MOST} are counted")
    return samples
