"""Rasch's model by penalised maximum likelihood: P(right) = sigmoid(ability_m - b_p)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from compute_router.training.difficulty.corpus import Corpus, Floats, Ints, Mask

__all__ = ["Rasch", "rasch"]

_ABILITY_SD = 3.0
_ROUNDS = 200
_TOLERANCE = 1e-4


@dataclass(frozen=True, slots=True)
class Rasch:
    """Peaks of the posterior: `b_P` for the problems, `ability_M` with `ability_sd_M` for the models."""

    b_P: Floats
    ability_M: Floats
    ability_sd_M: Floats


def rasch(
    corpus: Corpus, answers_A: Mask, prior_P: Floats, prior_sd: float, start: Rasch | None = None
) -> Rasch:
    """Fit on the answers in `answers_A`, under b_p ~ N(prior_P[p], prior_sd^2).

    Newton's steps for abilities and difficulties in turn, from `start` where an earlier fit is near.
    """
    P, M = len(corpus.texts), len(corpus.models)
    p_A, m_A = corpus.problem_A[answers_A], corpus.model_A[answers_A]
    n_A, k_A = corpus.n_A[answers_A], corpus.k_A[answers_A]
    b = prior_P.copy() if start is None else start.b_P.copy()
    ability = np.zeros(M) if start is None else start.ability_M.copy()

    def slopes() -> tuple[Floats, Floats]:
        right = expit(ability[m_A] - b[p_A])
        return k_A - n_A * right, n_A * right * (1 - right)

    for _ in range(_ROUNDS):
        error, weight = slopes()
        ability_step = _step(
            _sum(m_A, error, M) - ability / _ABILITY_SD**2,
            _sum(m_A, weight, M) + _ABILITY_SD**-2,
        )
        ability += ability_step
        error, weight = slopes()
        b_step = _step(
            -_sum(p_A, error, P) - (b - prior_P) / prior_sd**2,
            _sum(p_A, weight, P) + prior_sd**-2,
        )
        b += b_step
        if max(np.abs(ability_step).max(), np.abs(b_step).max()) < _TOLERANCE:
            break
    _, weight = slopes()
    return Rasch(b, ability, (_sum(m_A, weight, M) + _ABILITY_SD**-2) ** -0.5)


def _sum(index_A: Ints, value_A: Floats, size: int) -> Floats:
    """The values summed by index."""
    return np.bincount(index_A, value_A, size).astype(np.float64, copy=False)


def _step(gradient: Floats, information: Floats) -> Floats:
    """Newton's step, at most one logit long: far from the peak the curvature is not to be trusted."""
    step: Floats = np.clip(gradient / information, -1, 1)
    return step
