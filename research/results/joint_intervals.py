"""Intervals that hold together."""

from __future__ import annotations

import numpy as np

from compute_router.training.evaluation.bootstrap import Interval, Resamples
from compute_router.training.outcomes.outcome_matrix import Floats

__all__ = ["joint_intervals"]


def joint_intervals(resamples: Resamples, values_PK: Floats, level: float = 0.95) -> list[Interval]:
    """Intervals around the mean of each of K columns that hold for all of them at once: the largest of
    the K deviations, in standard errors, sets their width (max-t, Westfall and Young 1993).
    A column with a NaN has (NaN, NaN) and leaves the others as they are; one of equal values has no
    width."""
    mean_K = values_PK.mean(axis=0)
    deviation_DK = resamples.means(values_PK) - mean_K
    spread_K = np.ptp(values_PK, axis=0) > 0
    error_K = np.where(spread_K, deviation_DK.std(axis=0), 0.0)
    # Of no column with a spread the largest is 0, and so is every width.
    worst_D = (np.abs(deviation_DK[:, spread_K]) / error_K[spread_K]).max(axis=1, initial=0.0)
    width_K = np.quantile(worst_D, level) * error_K
    return list(zip((mean_K - width_K).tolist(), (mean_K + width_K).tolist(), strict=True))
