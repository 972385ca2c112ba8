"""Accuracy and cost of the routed policy at every price, on folds that did not choose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from compute_router.decide.arm_selection import ArmSelection
from compute_router.decide.price import Price
from compute_router.decide.table import MeasuredRow, Reached
from compute_router.training.outcomes.outcome_matrix import Floats
from compute_router.training.tables.sample import Sample

__all__ = ["FOLDS", "PRICES", "routed_frontier"]

FOLDS = 5
PRICES: Final = (0.0, *(float(f"{10 ** (k / 3):.2g}") for k in range(-9, 4)))
"""Accuracy a 1,000 tokens; each speaks for the prices up to the next."""


def routed_frontier(some: Sample, fit: Callable[[Sample], MeasuredRow], *, seed: int) -> tuple[Reached, ...]:
    """Cross-fitted by problem. Prices between which nothing changes are one entry; where costs are unknown,
    price 0 is the only one; nothing where there are fewer than two problems a fold."""
    problems = int(some.problem_P.max()) + 1
    if problems < 2 * FOLDS:
        return ()
    fold_P = np.random.default_rng(seed).permutation(problems)[some.problem_P] % FOLDS
    cost_PA = some.tokens_PA + some.prm_tokens_PA
    priced = not np.isnan(cost_PA).any()
    prices = PRICES if priced else PRICES[:1]
    at_P = np.arange(len(fold_P))
    routed_RP = np.zeros((len(prices), len(fold_P)), dtype=np.int64)
    fixed_RP = np.zeros_like(routed_RP)
    for fold in range(FOLDS):
        out = np.flatnonzero(fold_P == fold)
        row = fit(some.rows(np.flatnonzero(fold_P != fold)))
        for r, price in enumerate(prices):
            choice = ArmSelection(row, Price(price))
            routed_RP[r, out] = choice.choose(some.predicted_P3[out])
            fixed_RP[r, out] = choice.incumbent
    entries: list[Reached] = []
    for r, price in enumerate(prices):
        right_P = some.accuracy_PA[at_P, routed_RP[r]]
        more_P = right_P - some.accuracy_PA[at_P, fixed_RP[r]]
        if priced:
            more_P = more_P - price / 1e3 * (cost_PA[at_P, routed_RP[r]] - cost_PA[at_P, fixed_RP[r]])
        accuracy, low, high = _estimate(right_P, some)
        over, over_low, over_high = _estimate(more_P, some)
        entry = Reached(
            price_from=price,
            price_to=None,
            accuracy=min(accuracy, 1.0),
            interval=(max(low, 0.0), min(high, 1.0)),
            tokens=round(_estimate(cost_PA[at_P, routed_RP[r]], some)[0], 1) if priced else None,
            over_fixed=over,
            over_fixed_interval=(over_low, over_high),
        )
        if entries:
            same = (routed_RP[r] == routed_RP[r - 1]).all() and (fixed_RP[r] == fixed_RP[r - 1]).all()
            if same:
                continue
            entries[-1] = entries[-1].model_copy(update={"price_to": price})
        entries.append(entry)
    return tuple(entries)


def _estimate(value_P: Floats, some: Sample) -> tuple[float, float, float]:
    """Mean by problem, and its 95 % interval."""
    per_problem = np.bincount(some.problem_P, weights=some.weight_P * value_P)
    mean = float(per_problem.mean())
    half = 1.96 * float(per_problem.std(ddof=1)) / np.sqrt(len(per_problem))
    return round(mean, 5), round(mean - half, 5), round(mean + half, 5)
