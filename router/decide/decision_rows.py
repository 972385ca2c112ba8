"""Rows of the table, ready to decide: which arm, and why. Their arms are strategies, made once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from compute_router.decide.arm_selection import ArmSelection, arm_values
from compute_router.decide.decision import Decision
from compute_router.decide.price import Price
from compute_router.decide.table import MeasuredRow, RuleRow
from compute_router.difficulty import Distribution
from compute_router.difficulty.bins import BINS
from compute_router.errors import InputError
from compute_router.io.strategy_text import short_name
from compute_router.policies import from_spec

__all__ = ["ArmValues", "MeasuredDecisionRow", "RuleDecisionRow"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class ArmValues(NamedTuple):
    """What each arm brings for sure and costs (tokens; NaN where it is not to be had) for each problem, and a
    note on what a problem's budget left out."""

    accuracy_BA: Floats
    cost_BA: Floats
    notes: Sequence[str]


class RuleDecisionRow:
    """A row that states a strategy for each bin."""

    def __init__(self, row: RuleRow, policy_model: str) -> None:
        self.id = row.id
        self._row, self._model = row, policy_model
        self._strategies = {name: from_spec(row.spec(name)) for name in BINS}

    def decide(self, bins: Sequence[Distribution], budget: int | None) -> list[Decision]:
        row = self._row
        return [
            Decision(
                one,
                one.label,
                self._strategies[one.label],
                f"{row.id}/{one.label}",
                f"{row.id} has no measured arm for {self._model}: its rule for {one.label} problems "
                f"({row.source})",
            )
            for one in bins
        ]


class MeasuredDecisionRow:
    """A measured row at a price. Raises as `ArmSelection` does."""

    def __init__(self, row: MeasuredRow, price: Price, params: int, prm_params: int | None) -> None:
        self.id = row.id
        self._row, self._price = row, price
        self._selection = ArmSelection(row, price, params=params, prm_params=prm_params)
        self._tokens_A3 = ArmSelection(row, Price(0)).cost_A3
        self._strategies = [from_spec(arm) for arm in self._selection.arms]

    def decide(self, bins: Sequence[Distribution], budget: int | None) -> list[Decision]:
        """At the price. `budget` (tokens a problem) leaves out arms that are expected to cost more."""
        bins_B3 = _array(bins)
        gain_BA, doubt_BA = self._selection.gains(bins_B3)
        if budget is None:
            arm_B = self._selection.pick(gain_BA, doubt_BA)
            return self.decided(bins, arm_B, self._reasons(gain_BA, doubt_BA, arm_B))
        tokens_BA = _expected(bins_B3, self._tokens_A3)
        allowed_BA = ~(tokens_BA > budget)
        arm_B = self._selection.pick(gain_BA, doubt_BA, allowed_BA)
        # The budget itself is enforced by the scheduler.
        cheapest_B = np.where(np.isnan(tokens_BA), np.inf, tokens_BA).argmin(axis=1)
        arm_B = np.where(allowed_BA.any(axis=1), arm_B, cheapest_B)
        why = self._reasons(gain_BA, doubt_BA, arm_B, allowed_BA)
        return self.decided(bins, arm_B, why, _left_out(allowed_BA, budget))

    def arm_values(self, bins: Sequence[Distribution], budget: int | None, average: float) -> ArmValues:
        """For an average budget (tokens) to choose from. Raises InputError where no arm's cost is known."""
        if np.isnan(self._tokens_A3).all():
            raise InputError(f"an average budget needs arms of known cost, and {self.id} has none")
        accuracy_BA, cost_BA = arm_values(self._row, _array(bins), average)
        if budget is None:
            return ArmValues(accuracy_BA, cost_BA, [""] * len(bins))
        allowed_BA = ~(cost_BA > budget)
        none_B1 = ~(allowed_BA & ~np.isnan(cost_BA)).any(axis=1, keepdims=True)
        cost_BA = np.where(allowed_BA | none_B1, cost_BA, np.nan)
        return ArmValues(accuracy_BA, cost_BA, _left_out(allowed_BA, budget))

    def decided(
        self,
        bins: Sequence[Distribution],
        arm_B: Ints,
        why: Sequence[str],
        notes: Sequence[str] | None = None,
    ) -> list[Decision]:
        """These arms, with what the row expects of them."""
        selection, bins_B3 = self._selection, _array(bins)
        right_B = (bins_B3 * selection.accuracy_A3[arm_B]).sum(axis=1).tolist()
        tokens_B = (bins_B3 * self._tokens_A3[arm_B]).sum(axis=1).tolist()
        decisions = []
        for one, arm, right, tokens, reason, note in zip(
            bins, arm_B.tolist(), right_B, tokens_B, why, notes or [""] * len(bins), strict=True
        ):
            label = one.label
            known = tokens == tokens  # NaN: unknown
            spends = f", {tokens / 1e3:.2f} k tokens" if known else ""
            decisions.append(
                Decision(
                    one,
                    label,
                    self._strategies[arm],
                    f"{self.id}/{label}",
                    f"{self.id}: of {self._row.arms_measured or len(selection.arms)} measured arms {reason}; "
                    f"accuracy {right:.3f}{spends}{note}",
                    right,
                    tokens if known else None,
                )
            )
        return decisions

    def _reasons(
        self, gain_BA: Floats, doubt_BA: Floats, arm_B: Ints, allowed_BA: Mask | None = None
    ) -> list[str]:
        """Why each arm, at the price."""
        selection = self._selection
        at_price = f"at a price of {self._price}"
        fixed = f"the best fixed arm, {short_name(selection.arms[selection.incumbent])}, {at_price}"
        stays = f"none beats beyond its uncertainty {fixed}"
        fits = f"the best {at_price} that fits"
        at_B = np.arange(len(arm_B))
        gains, doubts = gain_BA[at_B, arm_B].tolist(), doubt_BA[at_B, arm_B].tolist()
        free = [True] * len(arm_B) if allowed_BA is None else allowed_BA[:, selection.incumbent].tolist()
        return [
            stays
            if arm == selection.incumbent
            else f"the best here: utility {gain:+.3f} (standard error {doubt:.3f}) over {fixed}"
            if open_
            else fits
            for arm, gain, doubt, open_ in zip(arm_B.tolist(), gains, doubts, free, strict=True)
        ]


def _array(bins: Sequence[Distribution]) -> Floats:
    return np.array([(one.easy, one.medium, one.hard) for one in bins]).reshape(-1, 3)


def _left_out(allowed_BA: Mask, budget: int) -> list[str]:
    """What a problem's budget left out, as a note for each problem."""
    within = f" (of those within the budget of {budget} tokens)"
    none = f" (all of them above the budget of {budget} tokens, so the cheapest)"
    return [within if some else none for some in np.asarray(allowed_BA.any(axis=1))]


def _expected(bins_B3: Floats, figure_A3: Floats) -> Floats:
    """Expectations over the bins, (B, A), computed in the same way for any B."""
    return np.asarray(sum(bins_B3[:, b, None] * figure_A3[None, :, b] for b in range(3)))
