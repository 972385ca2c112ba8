"""Calibration: the discrimination and the uncertainty of b under which held-out answers are likeliest.

A row says that a model was right k of n times, and P(k) = E[Binomial(k; n, sigmoid(a (ability - b)))] over
b ~ N(prediction, sd^2). Rows of many samples tell how far pass@1 scatters around its prediction, rows
of one sample only how often answers are right; together they fix both a and sd.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log_expit, logsumexp

from compute_router.difficulty.logistic import NODES
from compute_router.difficulty.text import TextModel
from compute_router.training.difficulty.corpus import Corpus, Floats, Ints, Mask
from compute_router.training.difficulty.out_of_fold import CrossFit

__all__ = ["Scale", "expected", "fit_scale", "log_likelihood", "logits"]


@dataclass(frozen=True, slots=True)
class Scale:
    """`discrimination`: per logit of ability - b. `residual`: sd of b around its prediction. Predictions
    are moved to shift + stretch * b first, which undoes the shrinkage of the ridge."""

    discrimination: float
    residual: float
    stretch: float
    shift: float

    def calibrated(self, text: TextModel) -> TextModel:
        """The text model with its uncertainty, stretched and shifted."""
        return TextModel(
            terms={term: (idf, weight * self.stretch) for term, (idf, weight) in text.terms.items()},
            shape=tuple((low, high, weight * self.stretch) for low, high, weight in text.shape),
            intercept=self.shift + self.stretch * text.intercept,
            centre=self.shift + self.stretch * text.centre,
            residual=self.residual,
            spread=max(self.residual, self.stretch * text.spread),
        )


def logits(scale: Scale, held_out: CrossFit, problem_A: Ints) -> tuple[Floats, Floats]:
    """Mean and sd of logit pass@1 for each row of answers, as `Predictor` computes them."""
    familiar, spread = held_out.familiar_P[problem_A], held_out.spread_P[problem_A]
    spread = np.maximum(scale.residual, scale.stretch * spread)
    b = scale.shift + scale.stretch * held_out.b_P[problem_A]
    b_variance = familiar * scale.residual**2 + (1 - familiar) * spread**2
    sd = scale.discrimination * np.sqrt(b_variance + held_out.ability_sd_A**2)
    return scale.discrimination * (held_out.ability_A - b), sd


def fit_scale(
    corpus: Corpus, held_out: CrossFit, rows_A: Mask, near: Scale | None = None, pull: float = 1e-4
) -> Scale:
    """Maximum marginal likelihood over the rows in `rows_A`, drawn towards `near` (by default all ones, and
    no shift) by `pull` times the squared distance: answers one a problem do not tell discrimination and
    residual apart."""
    n_A, k_A = corpus.n_A[rows_A], corpus.k_A[rows_A]
    start = _parameters(near or Scale(1.0, 1.0, 1.0, 0.0))

    def loss(moved: Floats) -> float:
        mean, sd = logits(_scale(start + moved), held_out, corpus.problem_A)
        likelihood = log_likelihood(mean[rows_A], sd[rows_A], n_A, k_A).mean()
        return float(pull * moved @ moved - likelihood)

    return _scale(start + minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-4}).x)


def _parameters(scale: Scale) -> Floats:
    return np.array([*np.log([scale.discrimination, scale.residual, scale.stretch]), scale.shift])


def _scale(parameters: Floats) -> Scale:
    discrimination, residual, stretch = np.exp(parameters[:3]).tolist()
    return Scale(discrimination, residual, stretch, float(parameters[3]))


def expected(mean: Floats, sd: Floats) -> Floats:
    """E[sigmoid] elementwise; the array form of `logistic.expected_sigmoid`."""
    values: Floats = np.sum([w * expit(mean + z * sd) for z, w in NODES], axis=0)
    return values


def log_likelihood(mean: Floats, sd: Floats, n: Floats, k: Floats) -> Floats:
    """log E[p^k (1-p)^(n-k)] elementwise, with logit p ~ N(mean, sd^2). A share of one answer, 0 < k < n = 1,
    is a mean over answers that were drawn."""
    values = np.empty(len(n))
    once = n == 1
    right = expected(mean[once], sd[once])
    values[once] = k[once] * np.log(right) + (1 - k[once]) * np.log1p(-right)
    mean, sd, n, k = mean[~once], sd[~once], n[~once], k[~once]
    values[~once] = logsumexp(
        [np.log(w) + k * log_expit(mean + z * sd) + (n - k) * log_expit(-mean - z * sd) for z, w in NODES],
        axis=0,
    )
    return values
