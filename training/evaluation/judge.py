"""Policies compared on one matrix at one price after another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from compute_router.decide.price import Price
from compute_router.training.evaluation.bootstrap import Interval, Resamples
from compute_router.training.evaluation.gain import CURVE, Gain, Point, efficiency_gain
from compute_router.training.evaluation.paper import paper_rule
from compute_router.training.evaluation.policy_outcomes import METRICS, Outcomes
from compute_router.training.evaluation.rivals import oracle_bin, oracle_problem, true_bins
from compute_router.training.outcomes.outcome_matrix import Floats, Ints, OutcomeMatrix

__all__ = ["PRICES", "Contest", "Judged", "Score", "Section", "judge"]

PRICES = (0.0, 0.01, 0.03, 0.1)
"""Accuracy per 1,000 tokens, of policy model and PRM together."""

_NO_GAP = 1e-9
_VALUES = (*METRICS, "utility")


class Contest(Protocol):
    """The choices that are learned, for the problems of `matrix` (all arms run on all of them), made without
    having seen those problems' outcomes."""

    @property
    def matrix(self) -> OutcomeMatrix: ...
    @property
    def mode(self) -> str: ...
    @property
    def notes(self) -> tuple[str, ...]: ...
    @property
    def bins_P3(self) -> Floats: ...
    def router(self, price: Price) -> Ints: ...
    def best_fixed(self, price: Price) -> Ints: ...


@dataclass(frozen=True, slots=True)
class Score:
    """Means over the problems; `intervals` are 95 %, over problems. NaN: not known."""

    accuracy: float
    tokens: float
    prm_tokens: float
    flops: float
    utility: float
    intervals: Mapping[str, Interval]


@dataclass(frozen=True, slots=True)
class Judged:
    """All policies at one price. `difference`: utility of the router above the best fixed arm of the training
    side, paired. `regret`: the router's utility below the oracle by problem. `gap_closed`: the share of the
    way from that fixed arm to the oracle by problem, None where there is no way to go."""

    price: Price
    policies: Mapping[str, Score]
    arms: Mapping[str, Score]
    difference: float
    difference_interval: Interval
    regret: float
    gap_closed: float | None
    used: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Section:
    """One matrix, judged. `skipped`: prices at which it cannot be, since its costs were not counted.
    `curve`: the router over many prices."""

    matrix: OutcomeMatrix
    mode: str
    notes: tuple[str, ...]
    judged: tuple[Judged, ...]
    skipped: tuple[Price, ...]
    curve: tuple[Point, ...]
    frontier: tuple[Point, ...]
    gains: Mapping[str, Gain]


def judge(contest: Contest, prices: Sequence[Price], seed: int) -> Section:
    """Judge every policy at every price that the matrix's counts allow."""
    matrix = contest.matrix
    outcomes = Outcomes.of(matrix)
    resamples = Resamples(len(matrix.problems_P), seed)
    rule, bin_P = paper_rule(matrix), true_bins(matrix)
    judged, skipped = [], []
    for price in prices:
        if not outcomes.knows(price):
            skipped.append(price)
            continue
        utility, cost = outcomes.utility(price), outcomes.cost(price)
        choices = {
            "router": contest.router(price),
            "best_fixed_train": contest.best_fixed(price),
            "paper_rule": rule.choose(contest.bins_P3),
            "oracle_bin": oracle_bin(utility, cost, bin_P),
            "oracle_problem": oracle_problem(utility, cost),
        }
        judged.append(_judged(matrix, outcomes, resamples, price, choices))
    curve = tuple(_points(contest, outcomes)) if outcomes.knows(CURVE[-1]) else ()
    frontier = tuple(_frontier(outcomes)) if curve else ()
    return Section(
        matrix=matrix,
        mode=contest.mode,
        notes=(*contest.notes, *rule.notes),
        judged=tuple(judged),
        skipped=tuple(skipped),
        curve=curve,
        frontier=frontier,
        gains=efficiency_gain(matrix, outcomes, curve),
    )


def _judged(
    matrix: OutcomeMatrix, outcomes: Outcomes, resamples: Resamples, price: Price, choices: Mapping[str, Ints]
) -> Judged:
    fixed = {arm: np.full(len(matrix.problems_P), at) for at, arm in enumerate(matrix.arms_A)}
    values = [outcomes.of_choice(chosen, price) for chosen in (*choices.values(), *fixed.values())]
    columns = [one[name] for one in values for name in _VALUES]
    ahead = values[0]["utility"] - values[1]["utility"]
    intervals = resamples.intervals(np.column_stack([*columns, ahead]))
    scores = [
        Score(
            **{name: float(one[name].mean()) for name in _VALUES},
            intervals=dict(zip(_VALUES, intervals[at * len(_VALUES) :], strict=False)),
        )
        for at, one in enumerate(values)
    ]
    policies = dict(zip(choices, scores, strict=False))
    router, start, end = (policies[name].utility for name in ("router", "best_fixed_train", "oracle_problem"))
    counts = np.bincount(choices["router"], minlength=len(matrix.arms_A)) / len(matrix.problems_P)
    return Judged(
        price=price,
        policies=policies,
        arms=dict(zip(fixed, scores[len(choices) :], strict=True)),
        difference=router - start,
        difference_interval=intervals[-1],
        regret=end - router,
        gap_closed=(router - start) / (end - start) if end - start >= _NO_GAP else None,
        used={arm: float(share) for arm, share in zip(matrix.arms_A, counts, strict=True) if share},
    )


def _points(contest: Contest, outcomes: Outcomes) -> list[Point]:
    return [Point.of(outcomes, contest.router(price), price) for price in CURVE]


def _frontier(outcomes: Outcomes) -> list[Point]:
    """The fixed arms that are best at some price, in hindsight, cheapest first."""
    points = []
    for price in CURVE:
        utility, cost = outcomes.utility(price).mean(axis=0), outcomes.cost(price).mean(axis=0)
        at = max(range(len(utility)), key=lambda arm: (utility[arm], -cost[arm]))
        points.append(Point.of(outcomes, np.full(len(outcomes.accuracy), at), price))
    return sorted(set(points), key=lambda point: point.tokens)
