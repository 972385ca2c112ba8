"""The probe's parameters: those under which the samples that were not looked at are likeliest.

A look gives a distribution q over pass@1 (difficulty.probe); of the problem's m other samples h were right,
with probability sum_p q(p) Binomial(h; m, p). No problem's true pass@1 has to be known, and what chance there
is in h is in the likelihood.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaln

from compute_router.difficulty import Distribution
from compute_router.difficulty.posterior import POINTS, cells
from compute_router.difficulty.probe import EWENS, Probe
from compute_router.training.outcomes.outcome_matrix import Floats, Mask
from research.probe.subsample_likelihood import Looks

__all__ = ["After", "after", "fit", "loss", "prior_cells"]

_P = np.array(POINTS)
_CURVE = (1.0, 0.5)
"""Sd of a PRM's shift and of the logarithm of its weight, before its looks were seen."""
_WORTH = 2.0
"""Nats: what a parameter that means nothing gains in 1 of 20 cases."""


@dataclass(frozen=True, eq=False)
class After:
    """Looks of one k with their prior: `prior_LG` the mass of each interval of pass@1. `prm`: whose values
    they have. `weight`: 1 over the number of k that the same problems were looked at with."""

    looks: Looks
    prior_LG: Floats
    prm: str | None = None
    weight: float = 1.0

    @cached_property
    def rest_LG(self) -> Floats:
        """The probability of the other samples at each pass@1."""
        h, m = self.looks.rest_right_L[:, None], self.looks.rest_L[:, None]
        chance: Floats = np.exp(h * np.log(_P) + (m - h) * np.log1p(-_P))
        return chance

    @cached_property
    def is_right_RLC(self) -> Mask:
        """Whether R = 0 ... k samples are right in a case."""
        return np.stack([self.looks.right_LC == r for r in range(self.looks.k + 1)])

    def rows(self, which_L: Mask) -> After:
        looks = self.looks
        parts = {
            name: getattr(looks, name)[which_L]
            for name in Looks.__dataclass_fields__
            if name not in ("k", "subsets_L")
        }
        subsets = tuple(some for some, keep in zip(looks.subsets_L, which_L, strict=True) if keep)
        return After(
            Looks(k=looks.k, subsets_L=subsets, **parts), self.prior_LG[which_L], self.prm, self.weight
        )


def prior_cells(priors_P: Sequence[Distribution]) -> Floats:
    """(P, G) masses of the intervals, from the text."""
    return np.array([cells(one) for one in priors_P]).reshape(-1, len(POINTS))


def after(probe: Probe, seen: After) -> Floats:
    """(L, G): `Probe.update` for every look, by the curve of its PRM."""
    looks, k, probe = seen.looks, seen.looks.k, probe.of(seen.prm)
    odds_LC = (
        probe.value_shift * looks.valued_LC
        + probe.value_weight * looks.odds_LC
        + probe.logprob_weight * (looks.logprob_LC - probe.logprob_centre * looks.spoken_LC)
    )
    wrong_LC = looks.wrong_LC.astype(np.int64)
    parts = [
        odds_LC
        + looks.groups_LC * np.log(scatter)
        + looks.shape_LC
        - (gammaln(scatter + np.arange(k + 1)) - gammaln(scatter))[wrong_LC]
        for scatter in probe.scatters
    ]
    exists = looks.right_LC >= 0
    top_L1 = np.max([np.where(exists, part, -np.inf).max(axis=1) for part in parts], axis=0)[:, None]
    weight_LC = np.where(exists, sum(np.exp(np.where(exists, part - top_L1, 0.0)) for part in parts), 0.0)
    weight_LR = np.stack([(weight_LC * each_LC).sum(axis=1) for each_LC in seen.is_right_RLC], axis=1)
    chance_RG = np.stack([_P**r * (1 - _P) ** (k - r) for r in range(k + 1)])
    mass = seen.prior_LG * (weight_LR @ chance_RG)
    found: Floats = mass / np.maximum(mass.sum(axis=1, keepdims=True), 1e-300)
    return found


def loss(after_LG: Floats, seen: After) -> Floats:
    """(L,): -log of the probability of the other samples, in nats a sample."""
    likelihood = (after_LG * seen.rest_LG).sum(axis=1)
    found: Floats = -np.log(np.maximum(likelihood, 1e-300)) / seen.looks.rest_L
    return found


def fit(seen_K: Sequence[After]) -> Probe:
    """The likeliest parameters, in turn: how wrong answers scatter, without a look at other evidence; a PRM's
    curve, for each PRM and for all together, drawn towards taking the value for a probability; and the weight
    of log-probabilities, which is 0 unless the other samples become likelier by `_WORTH`."""

    def shaped(x: Floats) -> Probe:
        return Probe(float(np.exp(np.clip(x[0], -6, 6))), float(np.clip(abs(x[1]), 0, 5)), 0.0, 0.0)

    def curved(x: Floats) -> Probe:
        return replace(shape, value_shift=float(x[0]), value_weight=float(np.exp(np.clip(x[1], -6, 3))))

    def heard(x: Floats) -> Probe:
        return replace(values, logprob_weight=float(abs(x[0])), logprob_centre=centre)

    shape = _likeliest(shaped, [np.log(EWENS.scatter), 1.0], [3.0, 3.0], seen_K)
    valued = [one for one in seen_K if one.looks.valued_LC.any()]
    curves = []
    for prm in sorted({one.prm for one in valued if one.prm is not None}):
        its = _likeliest(curved, [0.0, 0.0], _CURVE, [one for one in valued if one.prm == prm])
        curves.append((prm, its.value_shift, its.value_weight))
    values = replace(curved(np.zeros(2)), curves=())
    if valued:
        values = _likeliest(curved, [0.0, 0.0], _CURVE, valued)
    values = replace(values, curves=tuple(curves))

    spoken = [one for one in seen_K if one.looks.spoken_LC.any()]
    if not spoken:
        return values
    centre = sum(float(one.looks.logprob_LC.sum()) for one in spoken)
    centre /= sum(float(one.looks.spoken_LC.sum()) for one in spoken)
    best = _likeliest(heard, [1.0], [3.0], spoken)
    return best if _nats(values, spoken) - _nats(best, spoken) > _WORTH else values


def _likeliest(
    probe: Callable[[Floats], Probe], start: Sequence[float], sd: Sequence[float], seen_K: Sequence[After]
) -> Probe:
    """Maximum a posteriori; each parameter ~ N(start, sd^2)."""
    x0, sd_X = np.array(start), np.array(sd)

    def total(x: Floats) -> float:
        return _nats(probe(x), seen_K) + 0.5 * float(np.square((x - x0) / sd_X).sum())

    return probe(minimize(total, x0, method="L-BFGS-B", options={"maxiter": 40, "ftol": 1e-7}).x)


def _nats(probe: Probe, seen_K: Sequence[After]) -> float:
    """-log of the likelihood of the other samples, each problem counting once over its looks."""
    return sum(
        one.weight * float((loss(after(probe, one), one) * one.looks.rest_L) @ one.looks.share_L)
        for one in seen_K
    )
