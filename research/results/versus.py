"""The router beside fixed arms on the same problems: accuracy, and its tokens as a share of theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from compute_router.decide.price import Price
from compute_router.training.evaluation.bootstrap import Interval, Resamples
from compute_router.training.evaluation.crossfit import CrossFitted
from compute_router.training.evaluation.gain import CURVE
from compute_router.training.evaluation.judge import Contest
from compute_router.training.evaluation.policy_outcomes import Outcomes
from compute_router.training.outcomes.outcome_matrix import Floats

__all__ = [
    "DECISION_TOKENS",
    "NEAR",
    "Versus",
    "against",
    "at_same_accuracy",
    "at_same_tokens",
    "routed",
    "with_average_budget",
]

DECISION_TOKENS = 1.0
"""On the router's bill for every problem: a decision takes less time than the embedded model takes for one
token (`python benchmarks/client.py` has the first, `python benchmarks/flight.py` the second)."""

NEAR = 0.005
"""Of accuracy: half a point, which counts as equal."""


@dataclass(frozen=True, slots=True)
class Versus:
    """`difference`: the router's accuracy above that of `arm`; `share`: its tokens (policy model, PRM and
    decision) over the arm's. Intervals are 95 %, paired over problems. `prices`: one, or two between which
    problems are divided at random; none where an average budget was shared out."""

    arm: str
    prices: tuple[Price, ...]
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
    values = Outcomes.of(contest.matrix).of_choice(contest.router(price), price)
    return values["accuracy"], values["tokens"] + values["prm_tokens"] + DECISION_TOKENS


def against(contest: Contest, arms: Sequence[str], prices: Sequence[Price], seed: int) -> list[Versus]:
    """Every arm at every price, in that order."""
    bills = [Bill((price,), *routed(contest, price)) for price in prices]
    return [_versus(contest, arm, bill, seed) for arm in arms for bill in bills]


def at_same_tokens(contest: Contest, seed: int) -> list[Versus]:
    """Every fixed arm beside the router that spends as much, its decision apart. Between two prices of the
    curve a random share of the problems is decided at one and the rest at the other; which prices and what
    share is found by tokens alone, and the figures are expectations. Arms cheaper than the router ever is are
    left out; where it never spends as much, it stands at the most that it does."""
    bills = _curve(contest)
    found = []
    for at, arm in enumerate(contest.matrix.arms_A):
        most = float(_tokens(contest)[:, at].mean()) + DECISION_TOKENS
        able = [bill for bill in bills if bill.mean_tokens <= most]
        if able:
            below = max(able, key=lambda bill: bill.mean_tokens)
            above = min(
                (bill for bill in bills if bill.mean_tokens > most),
                key=lambda bill: bill.mean_tokens,
                default=below,
            )
            found.append(_versus(contest, arm, _between(below, above, most), seed))
    return found


def with_average_budget(contest: CrossFitted, seed: int) -> list[Versus]:
    """Every fixed arm beside the router with the arm's mean tokens as an average budget, shared out over the
    problems of each fold. It plans with what its rows expect; the tokens are what it then spent."""
    matrix, tokens_PA = contest.matrix, _tokens(contest)
    found = []
    for at, arm in enumerate(matrix.arms_A):
        chosen = contest.shared(float(tokens_PA[:, at].mean()))
        here = np.arange(len(chosen)), chosen
        bill = Bill((), matrix.accuracy_PA[here], tokens_PA[here] + DECISION_TOKENS)
        found.append(_versus(contest, arm, bill, seed))
    return found


def at_same_accuracy(contest: Contest, arms: Sequence[str], seed: int) -> list[Versus]:
    """Every arm beside the router where it spends least while it is as often right, or less often by at most
    NEAR: at a price of the curve, or between two neighbours of it, of which a random share of the problems is
    decided at one and the rest at the other. It is found on the same problems, so the shares are a little
    hopeful. Arms that the router never comes near are left out."""
    bills = _curve(contest)
    found = []
    for arm in arms:
        least = float(contest.matrix.accuracy_PA[:, contest.matrix.arms_A.index(arm)].mean()) - NEAR
        able = [bill for bill in bills if bill.mean_accuracy >= least]
        able += [
            _mixed(below, above, (least - below.mean_accuracy) / (above.mean_accuracy - below.mean_accuracy))
            for one, other in pairwise(bills)
            for below, above in ((one, other), (other, one))
            if below.mean_accuracy < least < above.mean_accuracy
        ]
        if able:
            found.append(_versus(contest, arm, min(able, key=lambda bill: bill.mean_tokens), seed))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Bill:
    """What the router reaches and spends, (P,) each."""

    prices: tuple[Price, ...]
    accuracy_P: Floats
    tokens_P: Floats

    @property
    def mean_accuracy(self) -> float:
        return float(self.accuracy_P.mean())

    @property
    def mean_tokens(self) -> float:
        return float(self.tokens_P.mean())


def _curve(contest: Contest) -> list[Bill]:
    return [Bill((price,), *routed(contest, price)) for price in CURVE]


def _between(below: Bill, above: Bill, tokens: float) -> Bill:
    """The mixture of two bills that spends so many tokens."""
    if above.mean_tokens <= below.mean_tokens:
        return below
    return _mixed(below, above, (tokens - below.mean_tokens) / (above.mean_tokens - below.mean_tokens))


def _mixed(below: Bill, above: Bill, share: float) -> Bill:
    """`share` of the problems decided as in the second."""
    return Bill(
        (*below.prices, *above.prices),
        (1 - share) * below.accuracy_P + share * above.accuracy_P,
        (1 - share) * below.tokens_P + share * above.tokens_P,
    )


def _versus(contest: Contest, arm: str, bill: Bill, seed: int) -> Versus:
    matrix = contest.matrix
    at = matrix.arms_A.index(arm)
    arm_P, paid_P = matrix.accuracy_PA[:, at], _tokens(contest)[:, at]
    means = Resamples(len(matrix.problems_P), seed).means(
        np.column_stack([bill.accuracy_P - arm_P, bill.tokens_P, paid_P])
    )
    low, high = np.quantile(np.column_stack([means[:, 0], means[:, 1] / means[:, 2]]), [0.025, 0.975], axis=0)
    return Versus(
        arm,
        bill.prices,
        float(bill.accuracy_P.mean()),
        bill.mean_tokens,
        float(arm_P.mean()),
        float(paid_P.mean()),
        float((bill.accuracy_P - arm_P).mean()),
        (float(low[0]), float(high[0])),
        float(bill.tokens_P.mean() / paid_P.mean()),
        (float(low[1]), float(high[1])),
    )


def _tokens(contest: Contest) -> Floats:
    return contest.matrix.tokens_PA + contest.matrix.prm_tokens_PA
