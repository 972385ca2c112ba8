"""A finished table and predictor, applied as they are to problems that their training has not seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from compute_router.decide.arm_selection import ArmSelection
from compute_router.decide.price import Price
from compute_router.decide.table import MeasuredRow, RuleRow, Table
from compute_router.difficulty import Predictor
from compute_router.errors import InputError
from compute_router.policies import from_spec
from compute_router.training.difficulty.refit import bins, model_of
from compute_router.training.evaluation.paper import labels, nearest_arm
from compute_router.training.evaluation.rivals import best
from compute_router.training.outcomes.outcome_matrix import Floats, Ints, Mask, OutcomeMatrix
from compute_router.training.tables import decided_by, domains

__all__ = ["Applied", "apply"]


@dataclass(frozen=True, eq=False)
class Applied:
    """`row` decides, or for the problems of a domain its row in `rows`; of its arms those that the sweep ran
    can be chosen."""

    matrix: OutcomeMatrix
    bins_P3: Floats
    row: MeasuredRow | RuleRow
    rows: Mapping[str | None, MeasuredRow]
    mode: str
    notes: tuple[str, ...]

    def router(self, price: Price) -> Ints:
        if isinstance(self.row, RuleRow):
            return self._rule(self.row)
        chosen = np.zeros(len(self.bins_P3), dtype=np.int64)
        for row, here_P in decided_by({None: self.row, **self.rows}, self._domain_P):
            chosen[here_P] = self._routed(row, self.bins_P3[here_P], price)
        return chosen

    @cached_property
    def _domain_P(self) -> tuple[str | None, ...]:
        return domains(self.matrix)

    def _routed(self, row: MeasuredRow, bins_P3: Floats, price: Price) -> Ints:
        choice = self._choice(row, price)
        known, at = self._shared(choice.arms)
        return at[choice.choose(bins_P3, np.tile(known, (len(bins_P3), 1)))]

    def best_fixed(self, price: Price) -> Ints:
        """The arm that training found best at this price on average; a rule has none, and takes its own for
        the commonest bin."""
        if isinstance(self.row, RuleRow):
            chosen = self._rule(self.row)
            return np.full(len(chosen), np.bincount(chosen).argmax())
        choice = self._choice(self.row, price)
        known, at = self._shared(choice.arms)
        if known[choice.incumbent]:
            arm = choice.incumbent
        else:
            weight_3 = np.array(self.row.problems_by_bin) / sum(self.row.problems_by_bin)
            accuracy, cost = choice.accuracy_A3 @ weight_3, choice.cost_A3 @ weight_3
            utility = accuracy - (price.value * cost / price.per if price.value else 0.0)
            able = np.flatnonzero(known)
            arm = int(able[best(utility[able], cost[able])])
        return np.full(len(self.bins_P3), at[arm])

    def _choice(self, row: MeasuredRow, price: Price) -> ArmSelection:
        return ArmSelection(row, price, params=self.matrix.params, prm_params=self.matrix.prm_params)

    def _shared(self, arms: tuple[str, ...]) -> tuple[Mask, Ints]:
        """Which arms of the row the sweep has, and where."""
        at = [self.matrix.arms_A.index(arm) if arm in self.matrix.arms_A else -1 for arm in arms]
        return np.array(at) >= 0, np.array(at, dtype=np.int64)

    def _rule(self, row: RuleRow) -> Ints:
        arms = [nearest_arm(self.matrix, from_spec(wanted)) for wanted in (row.easy, row.medium, row.hard)]
        return np.array(arms, dtype=np.int64)[labels(self.bins_P3)]


def apply(matrix: OutcomeMatrix, predictor: Predictor, table: Table, mode: str) -> Applied:
    """Raises TableError where the table has no row for the matrix's policy model and PRM, InputError where
    the row and the sweep share no arm."""
    model = model_of(matrix)
    row = table.row(model.name, model.params, matrix.prm or "")
    rows: dict[str | None, MeasuredRow] = {}
    for domain in sorted({one for one in domains(matrix) if one is not None}):
        of_domain = table.row(model.name, model.params, matrix.prm or "", domain)
        if isinstance(of_domain, MeasuredRow) and of_domain.domain == domain:
            rows[domain] = of_domain
    notes = [" and ".join([row.id, *(one.id for one in rows.values())]) + " of the table decides"]
    if isinstance(row, MeasuredRow):
        missing = [arm.spec for arm in row.arms if arm.spec not in matrix.arms_A]
        if len(missing) == len(row.arms):
            raise InputError(
                f"no arm of the table's row {row.id} was run in this sweep: there is nothing to judge"
            )
        if missing:
            notes.append(f"{len(missing)} of its {len(row.arms)} arms were not run here and cannot be chosen")
    return Applied(matrix, bins(predictor, matrix.texts_P, model), row, rows, mode, tuple(notes))
