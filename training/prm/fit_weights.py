"""Weights for open and for answered paths, regularised and calibrated by folds of problems."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from compute_router.scoring.arithmetic import ANSWERED, FEATURES
from compute_router.scoring.linear import Linear, Weights
from compute_router.training.difficulty.corpus import Mask
from compute_router.training.evaluation.folds import FOLDS, folds
from compute_router.training.outcomes.outcome_matrix import Floats, Ints
from compute_router.training.prm.examples import Solved
from compute_router.training.prm.logistic_fit import log_loss, logistic

__all__ = ["fit"]

_RIDGES = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
"""Of features of unit variance, where a path weighs 1."""
_FEW = 20.0
"""Paths that were right, and that were wrong: with fewer there is nothing to regress on."""


def fit(problems: Sequence[Solved], seed: int, without: frozenset[str] = frozenset()) -> Weights:
    """Logistic regression of the final correctness on the evidence after every step, the steps of a path
    sharing one vote. `without`: features that it may not use.

    Which ridge is settled by the log loss on problems left out, and so are the slope and the shift that
    calibrate the logits; where the logits are worth nothing, the slope is 0.
    """
    rows = [
        (path.evidence_SF, path.correct, at)
        for at, problem in enumerate(problems)
        for path in problem.paths_N
    ]
    x_RF = np.concatenate([row[0] for row in rows])
    x_RF = np.where(np.isin(FEATURES, sorted(without)), np.nan, x_RF)
    steps = [len(row[0]) for row in rows]
    y_R = np.repeat([float(row[1]) for row in rows], steps)
    path_R = np.repeat(np.arange(len(rows)), steps)
    problem_R = np.repeat([row[2] for row in rows], steps)
    fold_P = folds([problem.identity for problem in problems], FOLDS, seed)
    answered_R = np.concatenate([row[0] for row in rows])[:, ANSWERED] > 0

    def half(mask_R: Mask) -> Linear:
        share = 1.0 / np.bincount(path_R[mask_R], minlength=len(rows))[path_R[mask_R]]
        return _linear(x_RF[mask_R], y_R[mask_R], share, fold_P[problem_R[mask_R]])

    return Weights(half(~answered_R), half(answered_R))


def _linear(x_RF: Floats, y_R: Floats, weight_R: Floats, fold_R: Ints) -> Linear:
    features = x_RF.shape[1]
    right, wrong = float(weight_R @ y_R), float(weight_R @ (1 - y_R))
    base = Linear(math.log((right + 0.5) / (wrong + 0.5)), (0.0,) * features, (0.0,) * features)
    if min(right, wrong) < _FEW:
        return base
    held_R = {ridge: np.full(len(y_R), np.nan) for ridge in _RIDGES}
    for fold in range(FOLDS):
        out_R = fold_R == fold
        if not out_R.any() or len(set(y_R[~out_R])) < 2:
            continue
        scale = _Scale(x_RF[~out_R], weight_R[~out_R])
        seen_RF, unseen_RF = scale(x_RF[~out_R]), scale(x_RF[out_R])
        for ridge, logit_R in held_R.items():
            beta = logistic(seen_RF, y_R[~out_R], weight_R[~out_R], ridge)
            logit_R[out_R] = beta[0] + unseen_RF @ beta[1:]
    held = np.isfinite(held_R[_RIDGES[0]])
    if len(set(y_R[held])) < 2:
        return base
    ridge = min(_RIDGES, key=lambda r: log_loss(held_R[r][held], y_R[held], weight_R[held]))
    shift, slope = logistic(held_R[ridge][held, None], y_R[held], weight_R[held], 1e-3)
    if slope <= 0:
        return base
    scale = _Scale(x_RF, weight_R)
    beta = logistic(scale(x_RF), y_R, weight_R, ridge)
    weights_F = slope * beta[1:] / scale.sd_F
    return Linear(float(shift + slope * beta[0]), tuple(scale.mean_F.tolist()), tuple(weights_F.tolist()))


class _Scale:
    """Standardises; what is unknown becomes the mean, and what never varies counts for nothing."""

    def __init__(self, x_RF: Floats, weight_R: Floats) -> None:
        known = np.isfinite(x_RF)
        total_F = weight_R @ known
        x = np.where(known, x_RF, 0.0)
        self.mean_F: Floats = weight_R @ x / np.maximum(total_F, 1e-12)
        deviation = np.where(known, x_RF - self.mean_F, 0.0)
        sd_F = np.sqrt(weight_R @ deviation**2 / np.maximum(total_F, 1e-12))
        self.sd_F: Floats = np.where(sd_F > 1e-9, sd_F, np.inf)

    def __call__(self, x_RF: Floats) -> Floats:
        scaled: Floats = np.where(np.isfinite(x_RF), x_RF - self.mean_F, 0.0) / self.sd_F
        return scaled
