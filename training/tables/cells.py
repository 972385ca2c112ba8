"""What the cells of a row hold: accuracy with its interval, tokens, and what stands behind them."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.stats import beta

from compute_router.decide.table import Arm, Cell
from compute_router.difficulty.bins import BINS
from compute_router.training.outcomes.outcome_matrix import Floats
from compute_router.training.tables.costs import Costs
from compute_router.training.tables.paired_gains import ARM_EVIDENCE
from compute_router.training.tables.pooling import Posterior, Prior, pooled
from compute_router.training.tables.sample import Sample
from compute_router.training.tables.shrinkage_prior import ShrinkagePrior

__all__ = ["arms", "interval"]

GUESS_3 = np.array([0.8, 0.4, 0.15])
"""Where a row's own data are too thin to place its bins: about what their definitions say."""
GUESS_TAU = 0.3


def arms(sample: Sample, cost: Costs, shrinkage: ShrinkagePrior | None) -> tuple[Arm, ...]:
    """The arms of a row, each by itself."""
    n_3 = sample.shares_3 * sample.problems
    found = []
    for a, (name, alone) in enumerate(zip(sample.arms_A, _alone(sample, shrinkage), strict=True)):
        dispersion = _dispersion(sample, a, alone.mean_3)
        cells = {}
        for b, label in enumerate(BINS):
            accuracy = float(np.clip(alone.mean_3[b], 0.0, 1.0))
            own = float(alone.own_3[b])
            most = float(n_3[b]) / (dispersion * max(own, 0.05))
            low, high = interval(accuracy, float(alone.covariance_33[b, b]), most)
            cells[label] = Cell(
                accuracy=round(accuracy, 4),
                interval=(round(min(low, accuracy), 4), round(max(high, accuracy), 4)),
                tokens=_count(cost.tokens_A3[a, b]),
                prm_tokens=_count(cost.prm_A3[a, b]),
                own=round(own, 3),
            )
        leans_on = shrinkage.row.id if shrinkage and shrinkage.accuracy(name) else None
        found.append(Arm(spec=name, leans_on=leans_on, **cells))
    return tuple(found)


def interval(mean: float, variance: float, most: float) -> tuple[float, float]:
    """The 95 % interval of a share in [0, 1]: that of a beta distribution of about this mean and variance,
    as after n <= `most` outcomes and one more of either kind (so that a mean of 0 or 1 is not certain)."""

    def excess(n: float) -> float:
        near = (mean * n + 1.0) / (n + 2.0)
        return near * (1.0 - near) / (n + 3.0) - variance

    n = 0.0 if excess(0.0) <= 0 else float(brentq(excess, 0.0, 1.0 / variance))
    n = min(n, most)
    low, high = beta.ppf([0.025, 0.975], mean * n + 0.5, (1 - mean) * n + 0.5)
    return float(low), float(high)


def _dispersion(sample: Sample, a: int, mean_3: Floats) -> float:
    """Variance of an arm's outcomes about their expectation, as a share of that of single outcomes: below 1
    where they are themselves means over several."""
    expected_P = (sample.bins_P3 @ mean_3).clip(0.02, 0.98)
    outcome_P = sample.accuracy_PA[:, a]
    seen = sample.weight_P @ (outcome_P - expected_P) ** 2
    return float(np.clip(seen / (sample.weight_P @ (expected_P * (1 - expected_P))), 0.02, 1.0))


def _alone(sample: Sample, shrinkage: ShrinkagePrior | None) -> list[Posterior]:
    """Each arm by itself: how often it is right in each bin."""
    data = (sample.bins_P3, sample.weight_P)
    guess = Prior(GUESS_3, np.zeros((3, 3)), True)
    by_arm = [shrinkage.accuracy(arm) if shrinkage else None for arm in sample.arms_A]
    alone = pooled(sample.accuracy_PA, *data, [guess] * len(by_arm), spread=0.25, tau=GUESS_TAU)
    known = [a for a, prior in enumerate(by_arm) if prior]
    if known:
        priors = [prior for prior in by_arm if prior]
        shrunk = pooled(sample.accuracy_PA[:, known], *data, priors, spread=0.25, share=ARM_EVIDENCE)
        for a, posterior in zip(known, shrunk, strict=True):
            alone[a] = posterior
    return alone


def _count(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 1)
