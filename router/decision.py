"""Which search a problem gets, and why: difficulty from the predictor, strategy from the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from difficulty import Bin, Distribution, PolicyModel, Predictor
from policies import Strategy, spec
from router.table import Arm, RuleRow, Table

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
    """Decides for one policy model and one PRM. Pure: the same text gives the same decision, whatever
    else is decided with it."""

    def __init__(self, predictor: Predictor, table: Table, policy_model: PolicyModel, prm: str) -> None:
        self._predictor = predictor
        self._model = policy_model
        self._row = table.row(policy_model.name, policy_model.params, prm)
        self._price = table.price
        self._arms = () if isinstance(self._row, RuleRow) else tuple(map(_figures, self._row.arms))

    def decide(
        self, problems: Sequence[str], *, strategy: Strategy | None = None, budget: int | None = None
    ) -> list[Decision]:
        """One decision a problem, in order; `strategy` overrules the table, `budget` (tokens a problem)
        leaves out arms that are expected to cost more."""
        bins = [one.distribution for one in self._predictor.predict(problems, self._model)]
        if strategy is not None:
            given = spec(strategy)
            return [Decision(one, one.label, given, None, "the strategy was given") for one in bins]
        if isinstance(self._row, RuleRow):
            return [self._by_rule(one, self._row) for one in bins]
        return [self._by_utility(one, budget) for one in bins]

    def _by_rule(self, bins: Distribution, row: RuleRow) -> Decision:
        label = bins.label
        reason = (
            f"{row.id} has no measured arm for {self._model.name}: its rule for {label} "
            f"problems ({row.source})"
        )
        return Decision(bins, label, row.spec(label), f"{row.id}/{label}", reason)

    def _by_utility(self, bins: Distribution, budget: int | None) -> Decision:
        """argmax over arms of sum_bin p(bin) * accuracy(arm, bin) - price * cost(arm, bin)."""
        easy, medium, hard, price = bins.easy, bins.medium, bins.hard, self._price
        outlooks = []
        for arm, (right_e, right_m, right_h), (tokens_e, tokens_m, tokens_h) in self._arms:
            accuracy = easy * right_e + medium * right_m + hard * right_h
            tokens = easy * tokens_e + medium * tokens_m + hard * tokens_h
            # In this order the greatest is the best: of equal utility the cheaper one, of equal cost by name.
            outlooks.append((accuracy - price * tokens / 1000, -tokens, arm, accuracy))
        affordable = outlooks if budget is None else [one for one in outlooks if -one[1] <= budget]
        if affordable:
            utility, saved, arm, accuracy = max(affordable)
            dear = len(outlooks) - len(affordable)
            left_out = f" ({dear or 'none'} of them above the budget of {budget} tokens)" if budget else ""
            why = (
                f"{left_out} the highest utility {utility:.3f} = "
                f"accuracy {accuracy:.3f} - {price:g} x {-saved / 1000:.2f} k tokens"
            )
        else:  # the budget itself is enforced by the scheduler
            _, saved, arm, accuracy = min(outlooks, key=lambda one: (-one[1], one[2]))
            why = (
                f", all of them above the budget of {budget} tokens, "
                f"the cheapest: accuracy {accuracy:.3f}, {-saved / 1000:.2f} k tokens"
            )
        label, row = bins.label, self._row.id
        reason = f"{row}: of {len(outlooks)} measured arms{why}"
        return Decision(bins, label, arm, f"{row}/{label}", reason, accuracy, -saved)


_PerBin = tuple[float, float, float]


def _figures(arm: Arm) -> tuple[str, _PerBin, _PerBin]:
    """The spec, its accuracy and its tokens (the PRM's included) in the easy, medium and hard bin."""
    easy, medium, hard = arm.easy, arm.medium, arm.hard
    return (
        arm.spec,
        (easy.accuracy, medium.accuracy, hard.accuracy),
        (easy.tokens + easy.prm_tokens, medium.tokens + medium.prm_tokens, hard.tokens + hard.prm_tokens),
    )
