"""What the arms of a row cost: in every bin, and on average."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from compute_router.training.outcomes.outcome_matrix import Floats
from compute_router.training.tables.pooling import FLAT, Prior, pooled
from compute_router.training.tables.sample import Sample
from compute_router.training.tables.shrinkage_prior import ShrinkagePrior

__all__ = ["Costs", "costs"]

COMMON_TAU = 0.5
LEAST = 0.05
"""No cell costs less than this share of its arm's mean."""


@dataclass(frozen=True, eq=False)
class Costs:
    """Tokens of the policy model and of the PRM, (A, 3) and (A,); NaN for arms of which half or more is
    unknown."""

    tokens_A3: Floats
    prm_A3: Floats
    tokens_A: Floats
    prm_A: Floats


def costs(sample: Sample, shrinkage: ShrinkagePrior | None) -> Costs:
    tokens_A3, tokens_A = _costs(sample, sample.tokens_PA, shrinkage, prm=False)
    prm_A3, prm_A = _costs(sample, sample.prm_tokens_PA, shrinkage, prm=True)
    return Costs(tokens_A3, prm_A3, tokens_A, prm_A)


def _costs(
    sample: Sample, cost_PA: Floats, shrinkage: ShrinkagePrior | None, *, prm: bool
) -> tuple[Floats, Floats]:
    """What is pooled is cost as a share of what was to be expected: of the coarser row's cell, else of the
    arm's own mean. How the bins differ in it is mostly common to all arms: longer problems are longer."""
    mean_A = sample.mean(cost_PA)
    cost_A3 = np.repeat(mean_A[:, None], 3, axis=1)
    spent = np.flatnonzero(mean_A > 0)
    if not len(spent):
        return cost_A3, mean_A
    known = [shrinkage.tokens(sample.arms_A[a], prm=prm) if shrinkage else None for a in spent]
    known_priors = [one for one in known if one is not None and (one > 0).all()]
    has_prior = len(known_priors) == len(spent)
    base_S3 = np.array(known_priors) if has_prior else cost_A3[spent]

    share_PS = cost_PA[:, spent] / (sample.bins_P3 @ base_S3.T)
    share_PS = np.where(np.isnan(share_PS), np.nanmean(share_PS, axis=0), share_PS)
    data = (sample.bins_P3, sample.weight_P)
    whole = Prior(np.ones(3), np.zeros((3, 3)), False) if has_prior else FLAT
    [common] = pooled(
        share_PS.mean(axis=1, keepdims=True),
        *data,
        [whole],
        spread=0.25,
        tau=None if has_prior else COMMON_TAU,
    )
    rest_PS = share_PS - (sample.bins_P3 @ common.mean_3)[:, None]
    each = Prior(np.zeros(3), np.zeros((3, 3)), False) if has_prior else FLAT
    shapes = pooled(rest_PS, *data, [each] * len(spent), spread=0.1)
    for a, base_3, shape in zip(spent, base_S3, shapes, strict=True):
        cost_A3[a] = base_3 * np.maximum(common.mean_3 + shape.mean_3, LEAST)
        if has_prior:
            mean_A[a] = sample.shares_3 @ cost_A3[a]
    return cost_A3, mean_A
