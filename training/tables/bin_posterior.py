"""What a problem's own plain samples say of its bin, for fitting a row; a decision has only the prediction.

A row's means are regressed on the bins of its problems. On the bins as predicted this is right in the end
and noisy for long: most problems are a little of each. After its samples a problem is of bin b with
probability w_b, which is nearly known. Regressed on w_b, arms that are made of these samples look steeper
between the bins than a decision will find them. Counted in each bin with the weight w_b they have the true
mean of the bin, which is too flat: a prediction also tells where within its bin a problem lies, most of all
to an arm that has little to do with samples, as a direct answer. So a problem is there in all three ways, a
third in each (docs/tables.md has figures).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from compute_router.difficulty.bins import Distribution
from compute_router.difficulty.posterior import updated
from compute_router.training.outcomes.outcome_matrix import Floats, Ints

__all__ = ["LEAST", "Placed", "placed"]

LEAST: Final = 8
"""Samples of a problem: of fewer, what they happened to be would pass for what the problem is."""
_WAYS: Final = 3
"""As predicted, after its samples, and in each bin by itself: equal shares of a problem."""


class Placed(NamedTuple):
    """R rows: of which problem (`at_R`), where (`bins_R3`) and with what weight (`share_R`, 1 a problem)."""

    at_R: Ints
    bins_R3: Floats
    share_R: Floats


def placed(bins_P3: Floats, right_P: Floats, samples_P: Floats) -> Placed:
    """Five rows for a problem of which `right_P` of `samples_P` samples were right: over its predicted bins,
    over those that it may be of after its samples, and in each of these; the first alone where there were
    fewer than `LEAST`."""
    at: list[int] = []
    bins: list[Floats] = []
    share: list[float] = []
    for p, (predicted_3, right, samples) in enumerate(zip(bins_P3, right_P, samples_P, strict=True)):
        if samples < LEAST:
            rows = [(predicted_3, 1.0)]
        else:
            known_3 = _posterior(*predicted_3.tolist(), int(right), int(samples))
            apart = zip(np.eye(3), known_3 / _WAYS, strict=True)
            rows = [(predicted_3, 1 / _WAYS), (known_3, 1 / _WAYS), *apart]
        at += [p] * len(rows)
        bins += [bins_3 for bins_3, _ in rows]
        share += [weight for _, weight in rows]
    return Placed(np.array(at, dtype=np.int64), np.array(bins).reshape(-1, 3), np.array(share))


@lru_cache(maxsize=65536)
def _posterior(easy: float, medium: float, hard: float, right: int, samples: int) -> Floats:
    # Of the prior only the masses of the bins are asked.
    prior = Distribution(easy, medium, hard, pass_at_1=0.5)
    after = updated(prior, samples, {right: 0.0})
    return np.array([after.easy, after.medium, after.hard])
