"""What each arm gains over a fixed one: posteriors of paired differences, shrunk towards a coarser row where
there is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from compute_router.decide.allocation import frontier
from compute_router.decide.table import Gain, Incumbent
from compute_router.training.outcomes.outcome_matrix import Floats
from compute_router.training.tables.costs import Costs
from compute_router.training.tables.pooling import FLAT, Posterior, pooled
from compute_router.training.tables.sample import Sample
from compute_router.training.tables.shrinkage_prior import ShrinkagePrior

__all__ = ["gains_over", "incumbents", "level", "stored"]

ARM_EVIDENCE = 0.5
"""Arms of one problem say much the same of how strong interactions are: each counts as half a one."""


def gains_over(
    sample: Sample, incumbents: Sequence[int], shrinkage: ShrinkagePrior | None
) -> dict[int, list[Posterior]]:
    """For each incumbent, of every arm over it (exactly nothing for itself)."""
    pairs = [(i, a) for i in incumbents for a in range(len(sample.arms_A)) if a != i]
    itself = Posterior(np.zeros(3), np.zeros((3, 3)), np.zeros((3, 3)), np.ones(3))
    if not pairs:
        return {i: [itself] for i in incumbents}
    base, arm = (list(side) for side in zip(*pairs, strict=True))
    names = sample.arms_A
    found = pooled(
        sample.accuracy_PA[:, arm] - sample.accuracy_PA[:, base],
        sample.bins_P3,
        sample.weight_P,
        [(shrinkage and shrinkage.gain(names[i], names[a])) or FLAT for i, a in pairs],
        spread=0.25,
        share=ARM_EVIDENCE / len(incumbents),
    )
    of = dict(zip(pairs, found, strict=True))
    return {i: [of.get((i, a), itself) for a in range(len(names))] for i in incumbents}


def level(sample: Sample, shrinkage: ShrinkagePrior | None) -> Floats:
    """How often each arm is right over the row's problems; shrunk towards a coarser row, so that the best of
    several arms on a few problems is not the luckiest."""
    right_A = sample.mean(sample.accuracy_PA)
    if shrinkage is None:
        return right_A
    best = int(right_A.argmax())
    over = gains_over(sample, [best], shrinkage)[best]
    return np.array([(right_A[best] + sample.shares_3 @ gain.mean_3).clip(0.0, 1.0) for gain in over])


def incumbents(right_A: Floats, cost: Costs, params: int | None, prm_params: int | None) -> list[int]:
    """The fixed arms that are best at some price, in tokens or in FLOPs: those on the concave frontier of the
    arms' means; where costs are unknown, the most accurate."""
    costs = [cost.tokens_A + cost.prm_A]
    if params is not None:
        costs.append(params * cost.tokens_A + (prm_params or 0) * cost.prm_A)
    known = [cost_A for cost_A in costs if not np.isnan(cost_A).all()]
    found = {int(right_A.argmax())} if not known else set()
    for cost_A in known:
        arm_BK, length_B = frontier(right_A[None], cost_A[None])
        found |= set(arm_BK[0, : length_B[0]].tolist())
    return sorted(found)


def stored(
    arms_A: Sequence[str], right_A: Floats, cost: Costs, of: Mapping[int, Sequence[Posterior]]
) -> tuple[Incumbent, ...]:
    """As a row holds them: `of` gives each incumbent's gains."""
    return tuple(
        Incumbent(
            spec=arms_A[i],
            accuracy=min(1.0, round(float(right_A[i]), 6)),
            tokens=_count(cost.tokens_A[i]),
            prm_tokens=_count(cost.prm_A[i]),
            gains=tuple(
                Gain(a, _triple(gain.mean_3), _six(gain.doubt_33)) for a, gain in enumerate(gains) if a != i
            ),
        )
        for i, gains in of.items()
    )


def _count(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 2)


def _triple(mean_3: Floats) -> tuple[float, float, float]:
    easy, medium, hard = (round(value, 5) for value in mean_3.tolist())
    return easy, medium, hard


def _six(covariance_33: Floats) -> tuple[float, float, float, float, float, float]:
    ee, em, eh, mm, mh, hh = (float(f"{value:.4g}") for value in covariance_33[np.triu_indices(3)].tolist())
    return ee, em, eh, mm, mh, hh
