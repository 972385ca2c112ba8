"""Figures of merit of probabilities."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata, spearmanr

from compute_router.training.difficulty.corpus import Floats, Ints, Mask

__all__ = ["auroc", "calibration_error", "log_loss", "spearman"]

_BINS = 10


def spearman(x: Floats, y: Floats) -> float:
    return float(spearmanr(x, y).statistic)


def calibration_error(predicted: Floats, observed: Floats, weight: Floats) -> float:
    """Expected calibration error: ten equal-width bins, the weighted mean of |predicted - observed|."""
    bins = np.minimum((predicted * _BINS).astype(int), _BINS - 1)
    gaps = np.bincount(bins, weight * (predicted - observed), _BINS)
    return float(np.abs(gaps).sum() / weight.sum())


def log_loss(probability_RB: Floats, bin_R: Ints) -> float:
    """Mean -log of the probability given to the bin that was measured, in nats. R rows, B bins."""
    right = probability_RB[np.arange(len(bin_R)), bin_R]
    return float(-np.log(np.maximum(right, 1e-12)).mean())


def auroc(score: Floats, positive: Mask) -> float:
    """Chance that a positive scores above a negative, ties counted half."""
    ranks, p = rankdata(score), positive.sum()
    return float((ranks[positive].sum() - p * (p + 1) / 2) / (p * (len(score) - p)))
