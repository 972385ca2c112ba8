"""What a problem's own plain samples say of its bins, for fitting a row; a decision has only the prediction.

A row's means are regressed on the bins of its problems. On the bins as predicted that is right and noisy:
most problems are a little of each. After eight samples the bin is nearly known, and the same regression is
sure of much more. An arm that is made of these very samples looks steeper between the bins than it is, as
it does through a prediction, which also tells where within its bin a problem lies (docs/tables.md).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from difficulty.bins import Distribution
from difficulty.posterior import updated
from training.grid import Floats

__all__ = ["LEAST", "measured"]

LEAST: Final = 8
"""Samples of a problem: of fewer, what they happened to be would pass for what the problem is."""


def measured(bins_P3: Floats, right_P: Floats, samples_P: Floats) -> Floats:
    """(P, 3): the predicted bins after `right_P` of `samples_P` samples were right; as they were where there
    are fewer than `LEAST`."""
    found: Floats = bins_P3.copy()
    for p in np.flatnonzero(samples_P >= LEAST):
        found[p] = _posterior(*bins_P3[p].tolist(), int(right_P[p]), int(samples_P[p]))
    return found


@lru_cache(maxsize=65536)
def _posterior(
    easy: float, medium: float, hard: float, right: int, samples: int
) -> tuple[float, float, float]:
    # Of the prior only the masses of the bins are asked.
    prior = Distribution(easy, medium, hard, pass_at_1=0.5)
    after = updated(prior, samples, {right: 0.0})
    return after.easy, after.medium, after.hard
