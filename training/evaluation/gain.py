"""The paper's efficiency gain: what majority voting spends at its peak, over what the router spends to
reach the same accuracy (arXiv 2502.06703, Table 5), by linear interpolation between the router's prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from compute_router.decide.price import Price
from compute_router.policies import Majority, SpecError, from_spec
from compute_router.training.evaluation.policy_outcomes import Outcomes
from compute_router.training.outcomes.outcome_matrix import Ints, OutcomeMatrix

__all__ = ["CURVE", "Gain", "Point", "efficiency_gain"]

CURVE = tuple(Price(float(value), "tokens") for value in (0.0, *np.geomspace(1e-4, 10, 51)))
"""Prices at which the router's curve is taken, accuracy per 1,000 tokens."""


@dataclass(frozen=True, slots=True)
class Point:
    """A mean over problems. `tokens`: policy model and PRM; `policy_tokens`: the policy model alone."""

    price: float
    accuracy: float
    policy_tokens: float
    tokens: float
    flops: float

    @classmethod
    def of(cls, outcomes: Outcomes, chosen_P: Ints, price: Price) -> Point:
        mean = {name: float(values.mean()) for name, values in outcomes.of_choice(chosen_P, price).items()}
        return cls(
            price=price.value,
            accuracy=mean["accuracy"],
            policy_tokens=mean["tokens"],
            tokens=mean["tokens"] + mean["prm_tokens"],
            flops=mean["flops"],
        )


@dataclass(frozen=True, slots=True)
class Gain:
    """`gain` None: the router's curve never reaches the peak. `at_least`: it starts above, so that the gain
    is larger than the figure. Budgets in tokens a problem."""

    majority: str
    accuracy: float
    budget: float
    routed: float | None
    gain: float | None
    at_least: bool


def efficiency_gain(matrix: OutcomeMatrix, outcomes: Outcomes, curve: Sequence[Point]) -> Mapping[str, Gain]:
    """Counted in tokens of the policy model alone ("policy", as the paper does) and with the PRM
    ("policy_prm"). Empty where the matrix has no majority arm or no counts."""
    votes = [at for at, arm in enumerate(matrix.arms_A) if _is_majority(arm)]
    if not votes or not curve:
        return {}
    points = {at: Point.of(outcomes, np.full(len(matrix.problems_P), at), CURVE[0]) for at in votes}
    peak = min(points, key=lambda at: (-points[at].accuracy, points[at].tokens))
    return {
        name: _gain(matrix.arms_A[peak], points[peak], curve, measure)
        for name, measure in (("policy", "policy_tokens"), ("policy_prm", "tokens"))
    }


def _gain(majority: str, peak: Point, curve: Sequence[Point], measure: str) -> Gain:
    routed = sorted((float(getattr(point, measure)), point.accuracy) for point in curve)
    budget = float(getattr(peak, measure))
    reached, at_least = reach(routed, peak.accuracy)
    gain = budget / reached if reached else None
    return Gain(majority, peak.accuracy, budget, reached, gain, at_least)


def reach(curve: Sequence[tuple[float, float]], accuracy: float) -> tuple[float | None, bool]:
    """The smallest budget at which the curve, (budget, accuracy) in order of budget, is at `accuracy`;
    and whether it starts there already."""
    if curve[0][1] >= accuracy:
        return curve[0][0], True
    for (low, below), (high, above) in pairwise(curve):
        if above >= accuracy:
            return low + (high - low) * (accuracy - below) / (above - below), False
    return None, False


def _is_majority(arm: str) -> bool:
    try:
        return isinstance(from_spec(arm), Majority)
    except SpecError:
        return False
