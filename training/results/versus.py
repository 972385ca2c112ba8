"""The router beside fixed arms on the same problems: accuracy, and its tokens as a share of theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from router.price import Price
from training.evaluation.bootstrap import Interval, Resamples
from training.evaluation.gain import CURVE
from training.evaluation.judge import Contest
from training.evaluation.outcomes import Outcomes
from training.grid import Floats

__all__ = ["DECISION_TOKENS", "Versus", "against", "at_same_accuracy", "at_same_tokens", "routed"]

DECISION_TOKENS = 1.0
"""On the router's bill for every problem: a decision takes less time than the embedded model takes for one
token (`python benchmarks/client.py` has the first, `python benchmarks/flight.py` the second)."""


@dataclass(frozen=True, slots=True)
class Versus:
    """`difference`: the router's accuracy above that of `arm`; `share`: its tokens (policy model, PRM and
    decision) over the arm's. Intervals are 95 %, paired over problems."""

    arm: str
    price: Price
    accuracy: float
    tokens: float
    arm_accuracy: float
    arm_tokens: float
    difference: float
    difference_interval: Interval
    share: float
    share_interval: Interval


def routed(contest: Contest, price: Price) -> tuple[Floats, Floats]:
    """Accuracy and tokens (P,) of the router at a price, its decision on the bill."""
    values = Outcomes.of(contest.grid).of_choice(contest.router(price), price)
    return values["accuracy"], values["tokens"] + values["prm_tokens"] + DECISION_TOKENS


def against(contest: Contest, arms: Sequence[str], prices: Sequence[Price], seed: int) -> list[Versus]:
    """Every arm at every price, in that order."""
    bills = [(price, *routed(contest, price)) for price in prices]
    return [_versus(contest, arm, *bill, seed) for arm in arms for bill in bills]


def at_same_tokens(contest: Contest, seed: int) -> list[Versus]:
    """Every fixed arm beside the router at the price of the curve where it spends as much as the arm, its
    decision apart, or as little less as can be: the price is found by tokens alone. Arms cheaper than the
    router ever is are left out."""
    bills = [(price, *routed(contest, price)) for price in CURVE]
    found = []
    for at, arm in enumerate(contest.grid.arms_A):
        most = float(_tokens(contest)[:, at].mean())
        able = [bill for bill in bills if bill[2].mean() <= most + DECISION_TOKENS]
        if able:
            found.append(_versus(contest, arm, *max(able, key=lambda bill: float(bill[2].mean())), seed))
    return found


def at_same_accuracy(contest: Contest, arms: Sequence[str], seed: int) -> list[Versus]:
    """Every arm beside the router at the price of the curve where it spends least of those at which it is as
    often right. The price is found on the same problems, so the shares are a little hopeful. Arms that the
    router never equals are left out."""
    bills = [(price, *routed(contest, price)) for price in CURVE]
    found = []
    for arm in arms:
        least = float(contest.grid.accuracy_PA[:, contest.grid.arms_A.index(arm)].mean())
        able = [bill for bill in bills if bill[1].mean() >= least]
        if able:
            found.append(_versus(contest, arm, *min(able, key=lambda bill: float(bill[2].mean())), seed))
    return found


def _versus(
    contest: Contest, arm: str, price: Price, accuracy_P: Floats, tokens_P: Floats, seed: int
) -> Versus:
    grid = contest.grid
    at = grid.arms_A.index(arm)
    arm_P, paid_P = grid.accuracy_PA[:, at], _tokens(contest)[:, at]
    means = Resamples(len(grid.problems_P), seed).means(
        np.column_stack([accuracy_P - arm_P, tokens_P, paid_P])
    )
    low, high = np.quantile(np.column_stack([means[:, 0], means[:, 1] / means[:, 2]]), [0.025, 0.975], axis=0)
    return Versus(
        arm,
        price,
        float(accuracy_P.mean()),
        float(tokens_P.mean()),
        float(arm_P.mean()),
        float(paid_P.mean()),
        float((accuracy_P - arm_P).mean()),
        (float(low[0]), float(high[0])),
        float(tokens_P.mean() / paid_P.mean()),
        (float(low[1]), float(high[1])),
    )


def _tokens(contest: Contest) -> Floats:
    return contest.grid.tokens_PA + contest.grid.prm_tokens_PA
