"""Which search a problem gets, and why: difficulty from the predictor, strategy from the table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from compute_router.decide.allocation import share_out
from compute_router.decide.decision import Decision
from compute_router.decide.decision_rows import ArmValues, MeasuredDecisionRow, RuleDecisionRow
from compute_router.decide.price import Price
from compute_router.decide.table import RuleRow, Table
from compute_router.difficulty import Distribution, PolicyModel, Predictor
from compute_router.errors import InputError
from compute_router.scoring.embedded import domain_of
from compute_router.solve_options import SolveOptions

__all__ = ["Chooser"]

TableRow: TypeAlias = MeasuredDecisionRow | RuleDecisionRow


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
        self._prm = prm
        self.price = price or Price(table.price, table.price_unit)
        self._row_of: dict[str | None, TableRow] = {}
        known: dict[str, TableRow] = {}
        for domain in dict.fromkeys((None, *(row.domain for row in table.rows))):
            row = table.row(policy_model.name, policy_model.params, prm, domain)
            if row.id not in known:
                known[row.id] = (
                    RuleDecisionRow(row, policy_model.name)
                    if isinstance(row, RuleRow)
                    else MeasuredDecisionRow(
                        row, self.price, params=policy_model.params, prm_params=prm_params
                    )
                )
            self._row_of[domain] = known[row.id]
        self._by_domain = len(known) > 1

    def decide(self, problems: Sequence[str], options: SolveOptions = SolveOptions()) -> list[Decision]:
        """One decision a problem, in order. The strategy of `options` overrules the table; its budget leaves
        out arms that are expected to cost more; its average budget, over all `problems`, takes the place of
        the price. Raises InputError where that asks for what no row has measured."""
        bins = [one.distribution for one in self._predictor.predict(problems, self._model)]
        if options.strategy is not None:
            why = "the strategy was given"
            return [Decision(one, one.label, options.strategy, None, why) for one in bins]
        parts = self._parts(problems)
        decided: Iterable[tuple[list[int], list[Decision]]]
        if options.average_budget is None:
            decided = ((at, row.decide([bins[i] for i in at], options.budget)) for row, at in parts)
        else:
            decided = self._shared(bins, parts, options.budget, options.average_budget)
        found = {i: one for at, decisions in decided for i, one in zip(at, decisions, strict=True)}
        return [found[i] for i in range(len(bins))]

    def _parts(self, problems: Sequence[str]) -> list[tuple[TableRow, list[int]]]:
        """The rows that decide, each with the problems that it decides."""
        if not self._by_domain:
            return [(self._row_of[None], list(range(len(problems))))] if problems else []
        at_R: defaultdict[TableRow, list[int]] = defaultdict(list)
        whole = self._row_of[None]
        for i, problem in enumerate(problems):
            at_R[self._row_of.get(domain_of(self._prm, problem), whole)].append(i)
        return list(at_R.items())

    def _shared(
        self,
        bins: Sequence[Distribution],
        parts: Sequence[tuple[TableRow, list[int]]],
        budget: int | None,
        average: float,
    ) -> Iterator[tuple[list[int], list[Decision]]]:
        """Decisions by an average budget over all rows."""
        values: list[tuple[MeasuredDecisionRow, list[int], ArmValues]] = []
        for row, at in parts:
            if isinstance(row, RuleDecisionRow):
                raise InputError(
                    f"an average budget is shared out among measured arms, and {row.id} has none"
                )
            values.append((row, at, row.arm_values([bins[i] for i in at], budget, average)))
        if not values:
            return
        shared = share_out([(at, one.accuracy_BA, one.cost_BA) for _, at, one in values], average)
        if shared.fits:
            why = (
                f"by an average budget of {average:g} tokens over {len(bins)} problems: 1,000 tokens must "
                f"buy {1e3 * shared.multiplier:.3f} accuracy"
            )
        else:
            why = f"the cheapest, which exceeds the average budget of {average:g} tokens"
        for row, at, one in values:
            some = [bins[i] for i in at]
            yield at, row.decided(some, shared.arm_B[at], [why] * len(at), one.notes)
