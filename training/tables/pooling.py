"""Partial pooling of columns over three bins: Gaussian posteriors, their strength by marginal likelihood.

A column x (the paired difference of two arms, or one arm alone) has E[x_p] = q_p.m, q_p being the problem's
distribution over the bins. The prior of the three means is

    m ~ N(centre, scatter + omega^2 11' + tau^2 I)

where `centre` and `scatter` come from a coarser row (0 where there is none), omega says how far the arm as
a whole is from it (flat where there is none) and tau how far its bins differ among themselves. Both are on
a small grid, and how often each value occurs among a row's columns is itself learned from them (EM). The
posterior averages over the grid: a normal of the same mean and covariance. Where no column shows an
interaction, tau = 0 takes over and the three bins agree. Suffixes: P problems, K columns, O and T
the grids of omega and tau.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from compute_router.training.outcomes.outcome_matrix import Floats

__all__ = ["FLAT", "Posterior", "Prior", "pooled"]

GRID = np.array([0.0, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32])
ALONE = np.array([0.53, 0.06, 0.08, 0.11, 0.10, 0.06, 0.06])
"""How often each tau is expected without a coarser row: half a spike at 0, half a half-Cauchy of scale 0.05.
Arms may well cross."""
SHRUNK = np.array([0.56, 0.12, 0.15, 0.14, 0.025, 0.003, 0.002])
"""And each omega and tau about a coarser row: half a spike at 0, half about a half-normal of sd 0.03."""
BELIEF_COLUMNS = 2.0
"""How many columns' worth of evidence these are."""
ROUNDS = 25

FLAT_SD = 10.0
PSEUDO = 0.5
"""Pseudo-problems that smooth every noise variance: ten equal outcomes are no proof of certainty."""

_PAIRS = np.array([(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)])
_PLACE = np.array([[0, 1, 2], [1, 3, 4], [2, 4, 5]])


@dataclass(frozen=True, eq=False)
class Prior:
    """`centre_3` and `scatter_33` of a coarser row; `flat`: nothing is known of the level."""

    centre_3: Floats
    scatter_33: Floats
    flat: bool


FLAT = Prior(np.zeros(3), np.zeros((3, 3)), True)


@dataclass(frozen=True, eq=False)
class Posterior:
    """`own_3`: how far each mean follows its own bin's data (1: wholly). `doubt_33`: what a departure must
    beat. Where there is a coarser row it leaves out how far this row may be from it: with few data of
    one's own that is a reason to follow the coarser row, not to stay with one arm."""

    mean_3: Floats
    covariance_33: Floats
    doubt_33: Floats
    own_3: Floats


def pooled(
    x_PK: Floats,
    bins_P3: Floats,
    weight_P: Floats,
    priors: Sequence[Prior],
    *,
    spread: float,
    tau: float | None = None,
    share: float = 1.0,
) -> list[Posterior]:
    """The posterior of the three means of each column. `spread`: the most variance that a value may have;
    `tau`: fixed, not learned; `share`: the evidence that one column is of, beside its likes."""
    flat_K = np.array([prior.flat for prior in priors])
    if flat_K.any() and not flat_K.all():
        found: dict[int, Posterior] = {}
        for some in (np.flatnonzero(flat_K).tolist(), np.flatnonzero(~flat_K).tolist()):
            few = [priors[k] for k in some]
            part = pooled(x_PK[:, some], bins_P3, weight_P, few, spread=spread, tau=tau, share=share)
            found |= zip(some, part, strict=True)
        return [found[k] for k in range(len(priors))]

    centre_K3 = np.array([prior.centre_3 for prior in priors])
    scatter_K33 = np.array([prior.scatter_33 for prior in priors])
    gram_K33, pull_K3 = _data(x_PK, bins_P3, weight_P, centre_K3, spread)

    omegas = np.array([FLAT_SD]) if flat_K.all() else GRID
    taus = GRID if tau is None else np.array([tau])
    omega_OT, tau_OT = np.meshgrid(omegas, taus, indexing="ij")
    before_OT33 = omega_OT[..., None, None] ** 2 * np.ones((3, 3)) + tau_OT[..., None, None] ** 2 * np.eye(3)
    before_OTK33 = before_OT33[:, :, None] + scatter_K33
    # (V^-1 + G)^-1 = V (1 + G V)^-1, which also holds where V has no inverse.
    inner_OTK33 = np.eye(3) + gram_K33 @ before_OTK33
    after_OTK33 = before_OTK33 @ np.linalg.inv(inner_OTK33)
    mean_OTK3 = np.einsum("otkij,kj->otki", after_OTK33, pull_K3)
    log_OTK = np.einsum("otki,ki->otk", mean_OTK3, pull_K3) - np.linalg.slogdet(inner_OTK33)[1]
    chance_OTK = _chances(log_OTK / 2, ALONE if flat_K.all() else SHRUNK, share)

    mean_K3 = np.einsum("otk,otki->ki", chance_OTK, mean_OTK3)
    about_OTK3 = mean_OTK3 - mean_K3
    after_K33 = np.einsum("otk,otkij->kij", chance_OTK, after_OTK33)
    mixed_K33 = np.einsum("otk,otki,otkj->kij", chance_OTK, about_OTK3, about_OTK3)
    own_K33 = after_K33 @ gram_K33
    doubt_K33 = after_K33 + mixed_K33
    if not flat_K.all():
        rest_K33 = np.eye(3) - own_K33
        doubt_K33 = own_K33 @ after_K33.swapaxes(1, 2) + rest_K33 @ scatter_K33 @ rest_K33.swapaxes(1, 2)
    own_K3 = np.diagonal(own_K33, axis1=1, axis2=2).clip(0.0, 1.0)
    sure = (_symmetric(after_K33 + mixed_K33), _symmetric(doubt_K33))
    return list(map(Posterior, centre_K3 + mean_K3, *sure, own_K3))


def _symmetric(of_K33: Floats) -> Floats:
    return (of_K33 + of_K33.swapaxes(1, 2)) / 2


def _data(
    x_PK: Floats, bins_P3: Floats, weight_P: Floats, centre_K3: Floats, spread: float
) -> tuple[Floats, Floats]:
    """Precision (K, 3, 3) and precision-weighted sums (K, 3) of the columns about their priors' centres."""
    shares_P3 = bins_P3 * weight_P[:, None]
    total = float(weight_P.sum())
    # Bins of hardly any problem follow the rest: the residuals are to show noise, not lack of fit.
    start_3K = np.linalg.solve(
        shares_P3.T @ bins_P3 + np.eye(3), shares_P3.T @ x_PK + (weight_P @ x_PK) / total
    )
    square_PK = (x_PK - bins_P3 @ start_3K) ** 2 * (total / max(total - 3.0, 1.0))
    overall_K = (weight_P @ square_PK + PSEUDO * spread) / (total + PSEUDO)
    # Each bin's share in the squares, smoothed by one problem of all bins' and by PSEUDO of `spread`.
    n_31 = shares_P3.sum(axis=0)[:, None]
    noise_3K = (shares_P3.T @ square_PK + overall_K + PSEUDO * spread) / (n_31 + 1.0 + PSEUDO)
    precise_PK = weight_P[:, None] / (bins_P3 @ noise_3K)
    squares_P6 = bins_P3[:, _PAIRS[:, 0]] * bins_P3[:, _PAIRS[:, 1]]
    gram_K33 = (precise_PK.T @ squares_P6)[:, _PLACE]
    pull_K3 = (precise_PK * x_PK).T @ bins_P3 - np.einsum("kij,kj->ki", gram_K33, centre_K3)
    return gram_K33, pull_K3


def _chances(log_OTK: Floats, belief: Floats, share: float) -> Floats:
    """P(omega, tau | data) of each column, under frequencies of omega and of tau that all columns share and
    that are learned from them. An axis of one value has nothing to learn."""
    likely_OTK = np.exp(log_OTK - log_OTK.max(axis=(0, 1)))
    of_omega, of_tau = (belief if n > 1 else np.ones(1) for n in log_OTK.shape[:2])
    for _ in range(ROUNDS):
        chance_OTK = likely_OTK * of_omega[:, None, None] * of_tau[:, None]
        chance_OTK /= chance_OTK.sum(axis=(0, 1))
        of_omega, of_tau = (_frequencies(chance_OTK.sum(axis=(other, 2)), belief, share) for other in (1, 0))
    return np.asarray(chance_OTK)


def _frequencies(seen_T: Floats, belief: Floats, share: float) -> Floats:
    if len(seen_T) == 1:
        return np.ones(1)
    return np.asarray((BELIEF_COLUMNS * belief + share * seen_T) / (BELIEF_COLUMNS + share * seen_T.sum()))
