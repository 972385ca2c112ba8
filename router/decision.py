"""Which search a problem gets, and why: difficulty from the predictor, strategy from the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from difficulty import Bin, Distribution, PolicyModel, Predictor
from difficulty.bins import BINS
from policies import Strategy, spec
from router.table import Arm, MeasuredRow, RuleRow, Table

__all__ = ["Chooser", "Decision"]


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
    """Decides for one policy model and one PRM. Pure: the same text gives the same decision."""

    def __init__(self, predictor: Predictor, table: Table, policy_model: PolicyModel, prm: str) -> None:
        self._predictor = predictor
        self._model = policy_model
        self._row = table.row(policy_model.name, policy_model.params, prm)
        self._price = table.price

    def decide(
        self, problems: Sequence[str], *, strategy: Strategy | None = None, budget: int | None = None
    ) -> list[Decision]:
        """One decision a problem, in order; `strategy` overrules the table, `budget` (tokens a problem)
        leaves out arms that are expected to cost more."""
        predictions = self._predictor.predict(problems, self._model)
        return [self._decide(prediction.distribution, strategy, budget) for prediction in predictions]

    def _decide(self, bins: Distribution, strategy: Strategy | None, budget: int | None) -> Decision:
        if strategy is not None:
            return Decision(bins, bins.label, spec(strategy), None, "the strategy was given")
        if isinstance(self._row, RuleRow):
            return self._by_rule(bins, self._row)
        return self._by_utility(bins, self._row, budget)

    def _by_rule(self, bins: Distribution, row: RuleRow) -> Decision:
        reason = (
            f"{row.id} has no measured arm for {self._model.name}: its rule for {bins.label} "
            f"problems ({row.source})"
        )
        return Decision(bins, bins.label, row.spec(bins.label), f"{row.id}/{bins.label}", reason)

    def _by_utility(self, bins: Distribution, row: MeasuredRow, budget: int | None) -> Decision:
        """argmax over arms of sum_bin p(bin) * accuracy(arm, bin) - price * cost(arm, bin)."""
        outlooks = [_Outlook.of(arm, bins, self._price) for arm in row.arms]
        affordable = [one for one in outlooks if budget is None or one.tokens <= budget]
        # Where every arm is too dear, the cheapest; the budget itself is enforced by the scheduler.
        best = (
            max(affordable, key=lambda one: (one.utility, -one.tokens, one.spec))
            if affordable
            else min(outlooks, key=lambda one: (one.tokens, one.spec))
        )
        dear = len(outlooks) - len(affordable)
        left_out = f" ({dear or 'none'} of them above the budget of {budget} tokens)" if budget else ""
        reason = (
            f"{row.id}: of {len(outlooks)} measured arms{left_out} the highest utility {best.utility:.3f} = "
            f"accuracy {best.accuracy:.3f} - {self._price:g} x {best.tokens / 1000:.2f} k tokens"
            if affordable
            else f"{row.id}: of {len(outlooks)} measured arms, all of them above the budget of {budget} "
            f"tokens, the cheapest: accuracy {best.accuracy:.3f}, {best.tokens / 1000:.2f} k tokens"
        )
        return Decision(
            bins, bins.label, best.spec, f"{row.id}/{bins.label}", reason, best.accuracy, best.tokens
        )


@dataclass(frozen=True, slots=True)
class _Outlook:
    """One arm, averaged over the bins a problem may be in."""

    spec: str
    accuracy: float
    tokens: float
    utility: float

    @classmethod
    def of(cls, arm: Arm, bins: Distribution, price: float) -> _Outlook:
        shares = [(float(getattr(bins, name)), arm.cell(name)) for name in BINS]
        accuracy = sum(share * cell.accuracy for share, cell in shares)
        tokens = sum(share * (cell.tokens + cell.prm_tokens) for share, cell in shares)
        return cls(arm.spec, accuracy, tokens, accuracy - price * tokens / 1000)
