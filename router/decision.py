"""Which search a problem gets, and why: difficulty from the predictor, strategy from the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from difficulty import Bin, Distribution, PolicyModel, Predictor
from policies import Strategy, spec
from router.allocation import allocate
from router.choice import Choice
from router.errors import InputError
from router.price import Price
from router.table import RuleRow, Table

__all__ = ["Chooser", "Decision"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Decision:
    """The strategy of one problem. `table_row` names the row that decided (None where the user did);
    `accuracy` and `tokens` are what that row expects of it, None where it was never measured."""

    difficulty: Distribution
    label: Bin
    strategy: str
    table_row: str | None
    reason: str
    accuracy: float | None = None
    tokens: float | None = None


class Chooser:
    """Decides for one policy model and one PRM at one price (None: the table's). Pure: the same text gives
    the same decision, whatever else is decided with it, unless an average budget is to be shared out.

    Raises TableError where no row matches, or a price is asked of a row without costs, and InputError where
    a price of FLOPs needs parameters that are not known.
    """

    def __init__(
        self,
        predictor: Predictor,
        table: Table,
        policy_model: PolicyModel,
        prm: str,
        *,
        price: Price | None = None,
        prm_params: int | None = None,
    ) -> None:
        self._predictor = predictor
        self._model = policy_model
        self._row = table.row(policy_model.name, policy_model.params, prm)
        self.price = price or Price(table.price, table.price_unit)
        self._choice = None
        if not isinstance(self._row, RuleRow):
            self._choice = Choice(self._row, self.price, params=policy_model.params, prm_params=prm_params)
            self._tokens_A3 = Choice(self._row, Price(0)).cost_A3

    def decide(
        self,
        problems: Sequence[str],
        *,
        strategy: Strategy | None = None,
        budget: int | None = None,
        average_budget: float | None = None,
    ) -> list[Decision]:
        """One decision a problem, in order. `strategy` overrules the table; `budget` (tokens a problem)
        leaves out arms that are expected to cost more; `average_budget` (tokens, over all `problems`)
        takes the place of the price. Raises InputError where that asks for what no row has measured."""
        if average_budget is not None and not average_budget > 0:
            raise InputError(f"an average budget is a number of tokens above 0, not {average_budget}")
        bins = [one.distribution for one in self._predictor.predict(problems, self._model)]
        if strategy is not None:
            given = spec(strategy)
            return [Decision(one, one.label, given, None, "the strategy was given") for one in bins]
        if self._choice is None:
            if average_budget is not None:
                raise InputError(
                    f"an average budget is shared out among measured arms, and {self._row.id} has none"
                )
            return [self._by_rule(one) for one in bins]
        if not bins:
            return []
        bins_B3 = np.array([(one.easy, one.medium, one.hard) for one in bins])
        if average_budget is not None:
            return self._shared(bins, bins_B3, budget, average_budget)
        gain_BA, doubt_BA = self._choice.gains(bins_B3)
        if budget is None:
            arm_B = self._choice.pick(gain_BA, doubt_BA)
            return self._decided(bins, bins_B3, arm_B, self._reasons(gain_BA, doubt_BA, arm_B))
        tokens_BA = _expected(bins_B3, self._tokens_A3)
        allowed_BA = ~(tokens_BA > budget)
        arm_B = self._choice.pick(gain_BA, doubt_BA, allowed_BA)
        # The budget itself is enforced by the scheduler.
        cheapest_B = np.where(np.isnan(tokens_BA), np.inf, tokens_BA).argmin(axis=1)
        arm_B = np.where(allowed_BA.any(axis=1), arm_B, cheapest_B)
        why = self._reasons(gain_BA, doubt_BA, arm_B, allowed_BA)
        return self._decided(bins, bins_B3, arm_B, why, _left_out(allowed_BA, budget))

    def _by_rule(self, bins: Distribution) -> Decision:
        assert isinstance(self._row, RuleRow)
        label = bins.label
        reason = (
            f"{self._row.id} has no measured arm for {self._model.name}: its rule for {label} "
            f"problems ({self._row.source})"
        )
        return Decision(bins, label, self._row.spec(label), f"{self._row.id}/{label}", reason)

    def _reasons(
        self, gain_BA: Floats, doubt_BA: Floats, arm_B: Ints, allowed_BA: Mask | None = None
    ) -> list[str]:
        """Why each arm, at the price."""
        choice = self._choice
        assert choice is not None
        at_price, count = f"at a price of {self.price}", len(choice.arms)
        fixed = f"the best fixed arm, {choice.arms[choice.incumbent]}, {at_price}"
        stays = f"of {count} measured arms none beats beyond its uncertainty {fixed}"
        fits = f"of {count} measured arms the best {at_price} that fits"
        at_B = np.arange(len(arm_B))
        gains, doubts = gain_BA[at_B, arm_B].tolist(), doubt_BA[at_B, arm_B].tolist()
        free = [True] * len(arm_B) if allowed_BA is None else allowed_BA[:, choice.incumbent].tolist()
        return [
            stays
            if arm == choice.incumbent
            else f"of {count} measured arms the best here: utility {gain:+.3f} (standard error {doubt:.3f}) "
            f"over {fixed}"
            if open_
            else fits
            for arm, gain, doubt, open_ in zip(arm_B.tolist(), gains, doubts, free, strict=True)
        ]

    def _shared(
        self, bins: Sequence[Distribution], bins_B3: Floats, budget: int | None, average: float
    ) -> list[Decision]:
        """Decisions by an average budget."""
        assert self._choice is not None
        if np.isnan(self._tokens_A3).all():
            raise InputError(f"an average budget needs arms of known cost, and {self._row.id} has none")
        cost_BA, notes = _expected(bins_B3, self._tokens_A3), None
        if budget is not None:
            allowed_BA = ~(cost_BA > budget)
            notes = _left_out(allowed_BA, budget)
            none_B1 = ~(allowed_BA & ~np.isnan(cost_BA)).any(axis=1, keepdims=True)
            cost_BA = np.where(allowed_BA | none_B1, cost_BA, np.nan)
        found = allocate(_expected(bins_B3, self._choice.accuracy_A3), cost_BA, average)
        if found.fits:
            why = (
                f"of {len(self._choice.arms)} measured arms by an average budget of {average:g} tokens over "
                f"{len(bins_B3)} problems: 1,000 tokens must buy {1e3 * found.multiplier:.3f} accuracy"
            )
        else:
            why = f"the cheapest measured arm, which exceeds the average budget of {average:g} tokens"
        return self._decided(bins, bins_B3, found.arm_B, [why] * len(bins), notes)

    def _decided(
        self,
        bins: Sequence[Distribution],
        bins_B3: Floats,
        arm_B: Ints,
        why: Sequence[str],
        notes: Sequence[str] | None = None,
    ) -> list[Decision]:
        choice, row = self._choice, self._row.id
        assert choice is not None
        right_B = (bins_B3 * choice.accuracy_A3[arm_B]).sum(axis=1).tolist()
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
                    choice.arms[arm],
                    f"{row}/{label}",
                    f"{row}: {reason}; accuracy {right:.3f}{spends}{note}",
                    right,
                    tokens if known else None,
                )
            )
        return decisions


def _left_out(allowed_BA: Mask, budget: int) -> list[str]:
    """What a problem's budget left out, as a note for each problem."""
    arms = allowed_BA.shape[1]
    return [
        f" (all of them above the budget of {budget} tokens, so the cheapest)"
        if dear == arms
        else f" ({dear or 'none'} of them above the budget of {budget} tokens)"
        for dear in (~allowed_BA).sum(axis=1).tolist()
    ]


def _expected(bins_B3: Floats, figure_A3: Floats) -> Floats:
    """Expectations over the bins, (B, A), computed in the same way for any B."""
    return np.asarray(sum(bins_B3[:, b, None] * figure_A3[None, :, b] for b in range(3)))
