"""Answers of a few models as one observation of each problem's difficulty (penalised quasi-likelihood).

Under pass@1 = sigmoid(a (ability - b)) the log-likelihood of a problem's answers has, in b, a slope and an
information I. Near its peak it says what one normal observation z with variance 1 / I would say; together
with b's scatter around the text's prediction, z ~ N(prediction, 1 / I + residual^2). (Breslow and Clayton
1993, section 2.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from compute_router.training.difficulty.corpus import Corpus, Floats, Mask

__all__ = ["Working", "working"]

_ABILITY_SD = 3.0
_ROUNDS = 60
_TOLERANCE = 1e-3
_FAINT = 1e-3
"""Information, in 1 / logit^2, below which a problem says nothing."""


@dataclass(frozen=True, slots=True)
class Working:
    """`z_P` with `variance_P`: infinite where a problem has no answer that counts. `ability_M`: under b's
    prior as it was given."""

    z_P: Floats
    variance_P: Floats
    ability_M: Floats
    ability_sd_M: Floats


def working(
    corpus: Corpus,
    rows_A: Mask,
    prior_P: Floats,
    start_M: Floats,
    *,
    discrimination: float,
    residual: float,
) -> Working:
    """On the answers in `rows_A`, b_p ~ N(prior_P[p], residual^2). Newton's steps for abilities and
    difficulties in turn."""
    P, M = len(corpus.texts), len(corpus.models)
    p_A, m_A = corpus.problem_A[rows_A], corpus.model_A[rows_A]
    n_A, k_A = corpus.n_A[rows_A], corpus.k_A[rows_A]
    b, ability, a = prior_P.copy(), start_M.copy(), discrimination

    def slopes() -> tuple[Floats, Floats]:
        right = expit(a * (ability[m_A] - b[p_A]))
        return a * (k_A - n_A * right), a**2 * n_A * right * (1 - right)

    def pull() -> Floats:
        """What an answer's information is worth for the ability, its problem's difficulty being unsure."""
        total = np.bincount(p_A, slopes()[1], P)[p_A]
        shares: Floats = 1 / (1 + total * residual**2)
        return shares

    for _ in range(_ROUNDS):
        error, weight = slopes()
        step = np.bincount(m_A, error, M) - (ability - start_M) / _ABILITY_SD**2
        # Difficulties follow the ability, so the curvature that counts is the one after they have.
        step = np.clip(step / (np.bincount(m_A, weight * pull(), M) + _ABILITY_SD**-2), -1, 1)
        ability += step
        error, weight = slopes()
        information = np.bincount(p_A, weight, P)
        moved = (-np.bincount(p_A, error, P) - (b - prior_P) / residual**2) / (information + residual**-2)
        b += np.clip(moved, -1, 1)
        if max(np.abs(step).max(initial=0), np.abs(moved).max(initial=0)) < _TOLERANCE:
            break
    error, weight = slopes()
    information, slope = np.bincount(p_A, weight, P), -np.bincount(p_A, error, P)
    told = information > _FAINT
    z = b + np.divide(slope, information, out=np.zeros(P), where=told)
    variance = np.divide(1, information, out=np.full(P, np.inf), where=told) + residual**2
    sd = 1 / np.sqrt(np.bincount(m_A, weight * pull(), M) + _ABILITY_SD**-2)
    return Working(z, variance, ability, sd)
