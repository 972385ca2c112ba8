"""Which arms of a row may be chosen, and over which incumbent: by every price and every budget.

For one distribution an arm's utility is a line over the price, and it beats the incumbent in an interval of
prices. So all prices are looked at together: an arm is chosen at some price if the arms that are better there
do not cover its interval.

A problem's budget leaves out the arms that cost more. For each arm two budgets decide, since a larger one
only adds rivals: the arm's own cost, and the incumbent's where that is more. Below its incumbent's cost an
arm needs no certainty, only to be the best. Under an average budget the arms of the concave frontier may be
chosen. With a problem's budget as well, those may be that are better than every cheaper one.

Suffixes: B distributions, A arms.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from compute_router.decide.allocation import frontier
from compute_router.decide.arm_selection import CAUTION, CAUTION_CHEAPER, ArmSelection, arm_values
from compute_router.decide.price import Price, Unit
from compute_router.decide.table import Incumbent, MeasuredRow

__all__ = ["USES", "Case", "Choosable", "choosable", "simplex"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

USES: Final = ("price", "budget", "average budget", "average budget and budget")

_CHUNK = 4096
_SLIVER = 1e-9
"""Intervals of prices that are shorter, as a share of the price, are rounding."""
_HIGHEST = 1e9
"""Where the prices of the cheapest incumbent end."""


class Case(NamedTuple):
    """A case that takes an arm: the distribution (easy, medium, hard); the price, or the average budget in
    tokens; and the problem's budget in tokens, where it needs one."""

    bins_3: tuple[float, float, float]
    price: Price | None = None
    average_budget: float | None = None
    budget: float | None = None

    def told(self) -> dict[str, object]:
        """As JSON, without what is not there."""
        price = self.price and {"price": self.price.value, "price_unit": self.price.unit}
        budgets = {"average_budget": self.average_budget, "budget": self.budget}
        return {"bins": self.bins_3, **(price or {}), **{k: v for k, v in budgets.items() if v is not None}}


Choosable = dict[str, dict[tuple[int, int], Case]]
"""For each of `USES` (a budget goes with a price): (incumbent, arm), their places in the row, and a case."""


def simplex(steps: int) -> Floats:
    """All distributions over three bins whose probabilities are multiples of 1 / `steps`, (B, 3)."""
    counts = [(i, j, steps - i - j) for i in range(steps + 1) for j in range(steps + 1 - i)]
    return np.array(counts) / steps


def choosable(row: MeasuredRow, bins_B3: Floats) -> Choosable:
    """Every (incumbent, arm) of the row such that one of the distributions takes the arm in its place.

    Args:
        row: with known costs.
        bins_B3: P(easy), P(medium), P(hard), (B, 3).

    Returns:
        The pairs, each with the first case that was found.
    """
    found: Choosable = {use: {} for use in USES}
    at_price, with_budget, on_average, with_both = found.values()
    for at in range(0, len(bins_B3), _CHUNK):
        some_B3 = bins_B3[at : at + _CHUNK]
        tokens_BA = arm_values(row, some_B3, 0.0)[1]
        for lines in _lines(row, some_B3):
            for arm in range(len(row.arms)):
                pair = lines.incumbent, arm
                if pair not in at_price and (case := lines.taken(arm)):
                    at_price[pair] = case
                if pair not in with_budget and (case := lines.taken_within(arm, tokens_BA)):
                    with_budget[pair] = case
        for one in row.incumbents:
            i, average = _place(row, one), (one.tokens or 0.0) + (one.prm_tokens or 0.0)
            value_BA = arm_values(_alone(row, one), some_B3, average)[0]
            arm_BK, _ = frontier(value_BA, tokens_BA)
            for arm in range(len(row.arms)):
                for cases, taken_B, budget_B in (
                    (on_average, (arm_BK == arm).any(axis=1), None),
                    (with_both, _undominated(arm, value_BA, tokens_BA), tokens_BA[:, arm]),
                ):
                    if (i, arm) not in cases and taken_B.any():
                        b = int(taken_B.argmax())
                        budget = None if budget_B is None else float(budget_B[b])
                        cases[i, arm] = Case(_three(some_B3[b]), average_budget=average, budget=budget)
    return found


def _alone(row: MeasuredRow, one: Incumbent) -> MeasuredRow:
    return row.model_copy(update={"incumbents": (one,)})


def _place(row: MeasuredRow, one: Incumbent) -> int:
    return [arm.spec for arm in row.arms].index(one.spec)


def _three(bins_3: Floats) -> tuple[float, float, float]:
    easy, medium, hard = bins_3.tolist()
    return easy, medium, hard


def _undominated(arm: int, value_BA: Floats, tokens_BA: Floats) -> Mask:
    """Where the arm is better than all that are cheaper, and at its own cost the first of the best."""
    mine_B1 = value_BA[:, arm, None]
    as_good_BA = value_BA >= mine_B1
    as_good_BA[:, arm:] = (value_BA > mine_B1)[:, arm:]
    cheaper_BA, same_BA = tokens_BA < tokens_BA[:, arm, None], tokens_BA == tokens_BA[:, arm, None]
    above_BA = (cheaper_BA & (value_BA >= mine_B1)) | (same_BA & as_good_BA)
    return np.asarray(~above_BA.any(axis=1))


def _lines(row: MeasuredRow, bins_B3: Floats) -> Iterator[Lines]:
    """Price 0, and of each incumbent the prices above 0 at which it is the best: of tokens, and of FLOPs
    where they are not tokens times a factor."""
    free = ArmSelection(row, Price(0))
    yield Lines.of(row, row.incumbents[_index(row, free.incumbent)], bins_B3, Price(0), 0.0, 1.0)
    units: list[Unit] = ["tokens"]
    if any(cell.prm_tokens for arm in row.arms for cell in (arm.easy, arm.medium, arm.hard)):
        units.append("flops")
    for unit in units:
        price = Price(1, unit)
        spent_F = price.cost(
            np.array([one.tokens for one in row.incumbents], dtype=float),
            np.array([one.prm_tokens for one in row.incumbents], dtype=float),
            row.params,
            row.prm_params,
        )
        right_F = np.array([one.accuracy for one in row.incumbents])
        for f, one in enumerate(row.incumbents):
            more_F, dearer_F = right_F[f] - right_F, spent_F[f] - spent_F
            more_F[f:][(more_F == 0)[f:] & (dearer_F == 0)[f:]] = 1.0  # of equals the first
            low_F, high_F = _where_above(more_F, dearer_F / price.per)
            low, high = max(float(low_F.max()), 0.0), min(float(high_F.min()), _HIGHEST)
            if low < high:
                yield Lines.of(row, one, bins_B3, price, low, high)


def _index(row: MeasuredRow, place: int) -> int:
    return [one.spec for one in row.incumbents].index(row.arms[place].spec)


@dataclass(frozen=True, eq=False)
class Lines:
    """An incumbent between two prices. For each distribution: every arm's utility over it, `gain_BA` less
    price times `extra_BA`, and from which price to which that is beyond its uncertainty, `beats_BA`."""

    incumbent: int
    bins_B3: Floats
    unit: Unit
    low: float
    high: float
    gain_BA: Floats
    extra_BA: Floats
    beats_BA: tuple[Floats, Floats]

    @classmethod
    def of(
        cls, row: MeasuredRow, one: Incumbent, bins_B3: Floats, price: Price, low: float, high: float
    ) -> Lines:
        """At prices of that one's unit; the price 0 stands for itself alone."""
        selection = ArmSelection(_alone(row, one), Price(0, price.unit))
        gain_BA, doubt_BA = selection.gains(bins_B3)
        extra_A3 = (selection.cost_A3 - selection.cost_A3[selection.incumbent]) * (price.value / price.per)
        extra_BA = bins_B3 @ extra_A3.T
        caution_A = np.where((extra_A3 < 0).all(axis=1), CAUTION_CHEAPER, CAUTION)
        beats_BA = _where_above(gain_BA - caution_A * doubt_BA, extra_BA)
        beats_BA[0][:, selection.incumbent], beats_BA[1][:, selection.incumbent] = low, high
        return cls(selection.incumbent, bins_B3, price.unit, low, high, gain_BA, extra_BA, beats_BA)

    def taken(self, arm: int) -> Case | None:
        """A case that takes the arm, without a budget."""
        return self._case(arm, *self.beats_BA, None)

    def taken_within(self, arm: int, tokens_BA: Floats) -> Case | None:
        """A case that takes the arm within a budget."""
        own_B, base_B = tokens_BA[:, arm], tokens_BA[:, self.incumbent]
        for budget_B, free_B in ((np.maximum(own_B, base_B), own_B < 0), (own_B, own_B < base_B)):
            # Where the incumbent is within the budget, only what beats it counts.
            open_B1 = free_B[:, None]
            allowed_BA = (tokens_BA <= budget_B[:, None]) & (open_B1 | (base_B <= budget_B)[:, None])
            from_BA = np.where(allowed_BA, np.where(open_B1, self.low, self.beats_BA[0]), np.inf)
            to_BA = np.where(allowed_BA, np.where(open_B1, self.high, self.beats_BA[1]), -np.inf)
            if case := self._case(arm, from_BA, to_BA, budget_B):
                return case
        return None

    def _case(self, arm: int, from_BA: Floats, to_BA: Floats, budget_B: Floats | None) -> Case | None:
        """Where the arm may be taken at some price and no better one at that price."""
        low_B, high_B = np.maximum(from_BA[:, arm], self.low), np.minimum(to_BA[:, arm], self.high)
        at_B = np.flatnonzero(_wide(low_B, high_B))
        if not len(at_B):
            return None
        gain_BA, extra_BA = self.gain_BA[at_B], self.extra_BA[at_B]
        more_BA, dearer_BA = gain_BA - gain_BA[:, arm, None], extra_BA - extra_BA[:, arm, None]
        more_BA[:, :arm][(more_BA == 0)[:, :arm] & (dearer_BA == 0)[:, :arm]] = 1.0  # of equals the first
        better = _where_above(more_BA, dearer_BA)
        rivals = np.maximum(from_BA[at_B], better[0]), np.minimum(to_BA[at_B], better[1])
        price_B = _uncovered(*rivals, low_B[at_B], high_B[at_B])
        if np.isnan(price_B).all():
            return None
        first = int((~np.isnan(price_B)).argmax())
        b = int(at_B[first])
        price = Price(float(price_B[first]) if self.extra_BA.any() else 0.0, self.unit)
        budget = None if budget_B is None else float(budget_B[b])
        return Case(_three(self.bins_B3[b]), price=price, budget=budget)


def _where_above(value: Floats, slope: Floats) -> tuple[Floats, Floats]:
    """From which price to which value - price x slope > 0; from inf to -inf where it never is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        root = value / slope
    never = (slope == 0) & (value <= 0)
    low = np.where(never, np.inf, np.where(slope < 0, root, -np.inf))
    high = np.where(never, -np.inf, np.where(slope > 0, root, np.inf))
    return low, high


def _wide(low: Floats, high: Floats) -> Mask:
    return np.asarray(high - low > _SLIVER * np.maximum(low, 1e-3))


def _uncovered(from_BA: Floats, to_BA: Floats, low_B: Floats, high_B: Floats) -> Floats:
    """In the middle of the first part of low to high that no interval covers; NaN where there is none."""
    middle_B = np.full(len(low_B), np.nan)
    whole_BA = (from_BA <= low_B[:, None]) & (to_BA >= high_B[:, None])
    some_B = np.flatnonzero(~whole_BA.any(axis=1))
    low_B1, high_B1 = low_B[some_B, None], high_B[some_B, None]
    from_BA, to_BA = from_BA[some_B], to_BA[some_B]
    from_BA = np.where(from_BA < to_BA, np.clip(from_BA, low_B1, high_B1), high_B1)
    order_BA = from_BA.argsort(axis=1)
    to_BA = np.take_along_axis(np.clip(to_BA, low_B1, high_B1), order_BA, axis=1)
    end_BA = np.concatenate([np.take_along_axis(from_BA, order_BA, axis=1), high_B1], axis=1)
    start_BA = np.concatenate([low_B1, np.maximum.accumulate(to_BA, axis=1)], axis=1)
    free_BA = _wide(start_BA, end_BA)
    first_B1 = free_BA.argmax(axis=1)[:, None]
    found_B = np.take_along_axis((start_BA + end_BA) / 2, first_B1, axis=1)[:, 0]
    middle_B[some_B] = np.where(free_BA.any(axis=1), found_B, np.nan)
    return middle_B
