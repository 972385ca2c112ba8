"""What the router is held against: fixed arms, and oracles that have seen the outcomes."""

from __future__ import annotations

import numpy as np

from compute_router.difficulty.bins import BINS, bin_of
from compute_router.policies import SpecError, from_spec
from compute_router.policies.spec import values_of
from compute_router.training.outcomes.outcome_matrix import Floats, Ints, OutcomeMatrix

__all__ = ["best", "best_fixed_train", "budget", "cheapest", "oracle_bin", "oracle_problem", "true_bins"]

_TIE = 1e-12


def best(utility_A: Floats, cost_A: Floats) -> int:
    """The arm of the highest utility; of equals the cheaper one."""
    tied = np.flatnonzero(utility_A >= utility_A.max() - _TIE)
    return int(tied[np.argmin(np.nan_to_num(cost_A[tied]))])


def best_fixed_train(utility_PA: Floats, cost_PA: Floats, fold_P: Ints) -> Ints:
    """For each problem the arm that was best on average over the problems of the other folds."""
    chosen = np.zeros(len(fold_P), dtype=np.int64)
    for fold in np.unique(fold_P):
        train = fold_P != fold
        chosen[~train] = best(utility_PA[train].mean(axis=0), cost_PA[train].mean(axis=0))
    return chosen


def oracle_bin(utility_PA: Floats, cost_PA: Floats, bin_P: Ints) -> Ints:
    """The arm that turned out best in the problem's true bin."""
    chosen = np.zeros(len(bin_P), dtype=np.int64)
    for name in np.unique(bin_P):
        inside = bin_P == name
        chosen[inside] = best(utility_PA[inside].mean(axis=0), cost_PA[inside].mean(axis=0))
    return chosen


def oracle_problem(utility_PA: Floats, cost_PA: Floats) -> Ints:
    """The arm that turned out best on each problem."""
    return np.array([best(u, c) for u, c in zip(utility_PA, cost_PA, strict=True)], dtype=np.int64)


def true_bins(matrix: OutcomeMatrix) -> Ints:
    """The bin of every problem as measured: its share of right plain samples, or what the cheapest arm
    reached where the sweep has no plain samples."""
    with np.errstate(invalid="ignore"):
        rate_P = matrix.right_P / matrix.samples_P
    rate_P = np.where(matrix.samples_P > 0, rate_P, matrix.accuracy_PA[:, cheapest(matrix)])
    return np.array([BINS.index(bin_of(min(1.0, rate))) for rate in rate_P.tolist()], dtype=np.int64)


def cheapest(matrix: OutcomeMatrix) -> int:
    """The arm of the fewest tokens (policy model and PRM), or of the smallest budget where they are not
    counted."""
    cost_A = (matrix.tokens_PA + matrix.prm_tokens_PA).mean(axis=0)
    if np.isnan(cost_A).any():
        cost_A = np.array([budget(arm) for arm in matrix.arms_A])
    return int(np.argmin(cost_A))


def budget(arm: str) -> float:
    """n of a spec (1 for greedy); infinite for names that are no specs of ours."""
    try:
        return float(values_of(from_spec(arm)).get("n", 1))
    except SpecError:
        return float("inf")
