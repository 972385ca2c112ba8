"""How many problems are easy or hard, where pass@1 itself is known only from a few samples.

A group of problems with h right of m samples each: the distribution of pass@1 in the group is the mixture of
binomials that fits best (expectation-maximisation from the flat one, stopped early, which smooths). It says
what share of the group is easy, and with its own counts how likely each problem is. Counts of few samples
are never taken for pass@1, and a group is deconvolved by itself, so what a score says of its members is
not drawn to the average of all.
"""

from __future__ import annotations

import numpy as np

from compute_router.difficulty.posterior import EDGES, POINTS
from compute_router.training.outcomes.outcome_matrix import Floats, Mask

__all__ = ["auroc", "chances", "share_error"]

_P = np.array(POINTS)
_ROUNDS = 60
_GROUPS = 5


def chances(right_L: Floats, n_L: Floats, share_L: Floats) -> Floats:
    """(L, G): of each problem of one group the probability of each interval of pass@1."""
    like_LG = np.exp(right_L[:, None] * np.log(_P) + (n_L - right_L)[:, None] * np.log1p(-_P))
    mass_G = np.diff(np.array(EDGES))
    for _ in range(_ROUNDS):
        each_LG = like_LG * mass_G
        each_LG /= each_LG.sum(axis=1, keepdims=True)
        mass_G = share_L @ each_LG / share_L.sum()
    each_LG = like_LG * mass_G
    found: Floats = each_LG / each_LG.sum(axis=1, keepdims=True)
    return found


def share_error(predicted_L: Floats, which_G: Mask, right_L: Floats, n_L: Floats, share_L: Floats) -> float:
    """Expected calibration error of "pass@1 lies in these intervals", in ten equal-width bins of what was
    predicted, each deconvolved by itself."""
    bins = np.minimum((predicted_L * 10).astype(int), 9)
    gap = 0.0
    for one in np.unique(bins):
        at = bins == one
        true_L = chances(right_L[at], n_L[at], share_L[at])[:, which_G].sum(axis=1)
        gap += abs(float(share_L[at] @ (predicted_L[at] - true_L)))
    return gap / float(share_L.sum())


def auroc(score_L: Floats, which_G: Mask, right_L: Floats, n_L: Floats, share_L: Floats) -> float:
    """Chance that a problem whose pass@1 lies in these intervals scores above one whose does not, ties
    counted half; truths are the chances within fifths of the score."""
    order = np.argsort(score_L, kind="stable")
    part = np.empty(len(order), dtype=int)
    reached = np.cumsum(share_L[order]) / share_L.sum()
    part[order] = np.minimum((reached * _GROUPS - 1e-9).astype(int), _GROUPS - 1)
    _, tied = np.unique(score_L, return_inverse=True)
    first = np.full(tied.max() + 1, _GROUPS)
    np.minimum.at(first, tied, part)  # equal scores are one group
    part = first[tied]
    true_L = np.empty(len(order))
    for one in np.unique(part):
        at = part == one
        true_L[at] = chances(right_L[at], n_L[at], share_L[at])[:, which_G].sum(axis=1)
    yes = np.bincount(tied, share_L * true_L)
    no = np.bincount(tied, share_L * (1 - true_L))
    below = np.cumsum(no) - no
    return float((yes * (below + no / 2)).sum() / (yes.sum() * no.sum()))
