"""Simulated matrices whose truth is known, and bins that know it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from compute_router.training.evaluation.crossfit import BlindBins
from compute_router.training.outcomes.outcome_matrix import Floats, Ints, OutcomeMatrix

RIGHT = ((0.95, 0.50, 0.10), (0.70, 0.60, 0.40))
"""Accuracy of two arms by bin (easy, medium, hard) that cross: the first is better where it is easy."""
ARMS = ("majority:n=4", "beam:n=4,m=2")


def simulated(
    problems: int = 1500,
    right: Sequence[Sequence[float]] = RIGHT,
    tokens: Sequence[float] = (400.0, 400.0),
    arms: Sequence[str] = ARMS,
    seed: int = 0,
    samples: int = 40,
) -> tuple[OutcomeMatrix, Ints]:
    """A matrix and the true bin of each problem. Outcomes are drawn, costs are fixed; plain samples are right
    with 0.8, 0.3 or 0.03."""
    rng = np.random.default_rng(seed)
    bin_P = rng.integers(3, size=problems)
    accuracy = (rng.random((problems, len(arms))) < np.array(right).T[bin_P]).astype(float)
    shape = accuracy.shape
    return (
        OutcomeMatrix(
            policy_model="sim-1b",
            params=10**9,
            prm="prm",
            prm_params=2 * 10**9,
            problems_P=tuple(f"p{i}" for i in range(problems)),
            texts_P=tuple(f"Problem number {i}." for i in range(problems)),
            arms_A=tuple(arms),
            accuracy_PA=accuracy,
            tokens_PA=np.broadcast_to(np.array(tokens, dtype=float), shape).copy(),
            prm_tokens_PA=np.broadcast_to([0.0] + [100.0] * (len(arms) - 1), shape).copy(),
            right_P=rng.binomial(samples, np.array([0.8, 0.3, 0.03])[bin_P]).astype(float),
            samples_P=np.full(problems, float(samples)),
        ),
        bin_P,
    )


def one_hot(bin_P: Ints) -> Floats:
    return np.eye(3)[bin_P]


def knows(bin_P: Ints, fold_P: Ints) -> BlindBins:
    """Perfect predictions, for the folds that are asked for and no others."""

    def blind(judged: Sequence[int], out: frozenset[int]) -> Floats:
        assert not out & set(judged)
        bins = one_hot(bin_P)
        bins[~np.isin(fold_P, list(judged))] = np.nan
        return bins

    return blind
