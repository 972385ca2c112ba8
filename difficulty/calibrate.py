"""A new policy model's ability from a few dozen graded answers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from compute_router.difficulty.ability import Ability
from compute_router.difficulty.logistic import NODES
from compute_router.difficulty.text import Estimate

__all__ = ["calibrate"]

_REACH = 8.0
"""The search spans this many prior standard deviations to each side."""


def calibrate(
    problems: Sequence[Estimate],
    n_correct: Sequence[int],
    n: Sequence[int],
    prior: Ability,
    discrimination: float = 1.0,
) -> Ability:
    """Maximum a posteriori ability of a model that answered `n_correct[i]` of `n[i]` times rightly.

    The prior is N(prior.value, prior.sd^2); each problem's own uncertainty is integrated out, so that
    many answers to one problem count for less than as many problems. The sd is Laplace's. Raises
    ValueError where the three sequences differ in length or a count is impossible.
    """
    if not len(problems) == len(n_correct) == len(n):
        raise ValueError("calibration needs one n_correct and one n for each problem")
    if any(not 0 <= k <= total for k, total in zip(n_correct, n, strict=True)):
        raise ValueError("calibration needs 0 <= n_correct <= n for each problem")
    if not any(n) or prior.sd == 0:
        return prior
    import numpy as np  # with the first answers, not with the package

    z_Z, weight_Z = np.array(NODES).T
    b_P, sd_P = np.array([(p.b, p.sd) for p in problems]).T
    right_P, wrong_P = np.array(n_correct), np.array(n) - np.array(n_correct)

    def log_posterior(theta: float) -> float:
        """With log E[p^k (1-p)^(n-k)] over each difficulty, by its largest term first."""
        x_PZ = discrimination * (theta - b_P[:, None] - sd_P[:, None] * z_Z)
        terms_PZ = np.log(weight_Z) - right_P[:, None] * np.logaddexp(0, -x_PZ)
        terms_PZ -= wrong_P[:, None] * np.logaddexp(0, x_PZ)
        top_P = terms_PZ.max(axis=1)
        likelihood = (top_P + np.log(np.exp(terms_PZ - top_P[:, None]).sum(axis=1))).sum()
        return float(likelihood) - 0.5 * ((theta - prior.value) / prior.sd) ** 2

    # A marginal of a log-concave density is log-concave (Prekopa), so there is one peak to find.
    low, high = prior.value - _REACH * prior.sd, prior.value + _REACH * prior.sd
    while high - low > 1e-4:
        left, right = low + (high - low) / 3, high - (high - low) / 3
        if log_posterior(left) < log_posterior(right):
            low = left
        else:
            high = right
    peak, h = (low + high) / 2, 0.05
    curvature = (2 * log_posterior(peak) - log_posterior(peak - h) - log_posterior(peak + h)) / h**2
    return Ability(peak, 1 / math.sqrt(max(curvature, prior.sd**-2)), "graded")
