"""Logistic regression with a ridge, by Newton's method."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from compute_router.training.outcomes.outcome_matrix import Floats

__all__ = ["log_loss", "logistic"]

_ROUNDS = 100
_STILL = 1e-9


def logistic(x_RF: Floats, y_R: Floats, weight_R: Floats, ridge: float) -> Floats:
    """(F + 1,): the intercept, which the ridge spares, and F weights. The minimum of the weighted loss in
    nats plus ridge / 2 * their squares. `ridge` above zero."""
    x = np.column_stack([np.ones(len(x_RF)), x_RF])
    penalty = np.full(x.shape[1], ridge)
    penalty[0] = 1e-6
    beta = np.zeros(x.shape[1])
    loss = _objective(x, y_R, weight_R, penalty, beta)
    for _ in range(_ROUNDS):
        p = expit(x @ beta)
        gradient = x.T @ (weight_R * (p - y_R)) + penalty * beta
        curvature = (x.T * (weight_R * p * (1 - p))) @ x + np.diag(penalty)
        step = np.linalg.solve(curvature, gradient)
        size = 1.0
        while (nearer := _objective(x, y_R, weight_R, penalty, beta - size * step)) > loss and size > _STILL:
            size /= 2
        beta = beta - size * step
        if loss - nearer < _STILL * (1 + abs(loss)):
            break
        loss = nearer
    return beta


def log_loss(logit_R: Floats, y_R: Floats, weight_R: Floats) -> float:
    """Weighted mean of -log of the probability of what was, in nats."""
    losses = np.logaddexp(0.0, logit_R) - y_R * logit_R
    return float(weight_R @ losses / weight_R.sum())


def _objective(x: Floats, y_R: Floats, weight_R: Floats, penalty: Floats, beta: Floats) -> float:
    logit = x @ beta
    return float(weight_R @ (np.logaddexp(0.0, logit) - y_R * logit) + penalty @ beta**2 / 2)
