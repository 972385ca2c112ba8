"""The whole of training repeated on one side of the folds, its choices made on the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from compute_router.decide.allocation import share_out
from compute_router.decide.arm_selection import arm_values, select_arms
from compute_router.decide.price import Price
from compute_router.decide.table import Arm, MeasuredRow
from compute_router.errors import InputError
from compute_router.training.evaluation.blind import Base, Blind
from compute_router.training.evaluation.folds import FOLDS
from compute_router.training.evaluation.policy_outcomes import Outcomes
from compute_router.training.evaluation.rivals import best_fixed_train
from compute_router.training.outcomes.outcome_matrix import Floats, Ints, OutcomeMatrix
from compute_router.training.tables import decided_by, domains, fit_rows

__all__ = ["CrossFitted", "crossfit", "crossfitted"]

BlindBins = Callable[[Sequence[int], frozenset[int]], Floats]
"""(folds judged, folds that training must not see besides) -> bins of the problems in the folds judged, each
predicted without its own fold; see `Blind.bins`."""


@dataclass(frozen=True, eq=False)
class CrossFitted:
    """`rows_F`: for each fold the rows fitted on the other folds, by domain, that of all problems under None;
    none for a fold without problems."""

    matrix: OutcomeMatrix
    fold_P: Ints
    bins_P3: Floats
    rows_F: tuple[Mapping[str | None, MeasuredRow], ...]
    notes: tuple[str, ...] = ()

    @property
    def mode(self) -> str:
        return f"cross-fitted in {len(self.rows_F)} folds by problem"

    @cached_property
    def _domain_P(self) -> tuple[str | None, ...]:
        return domains(self.matrix)

    def router(self, price: Price) -> Ints:
        chosen = np.zeros(len(self.fold_P), dtype=np.int64)
        for fold, rows in enumerate(self.rows_F):
            for row, mine_P in decided_by(rows, self._domain_P):
                here = (self.fold_P == fold) & mine_P
                at = np.array([self.matrix.arms_A.index(arm.spec) for arm in row.arms])
                chosen[here] = at[select_arms(row, self.bins_P3[here], price)[0]]
        return chosen

    def shared(self, average_budget: float) -> Ints:
        """The arm of each problem, an average budget of tokens shared out over the problems of each fold."""
        chosen = np.zeros(len(self.fold_P), dtype=np.int64)
        for fold, rows in enumerate(self.rows_F):
            mine = np.flatnonzero(self.fold_P == fold)
            parts, arms = [], dict[int, tuple[Arm, ...]]()
            for row, here_P in decided_by(rows, self._domain_P):
                at = np.flatnonzero(here_P[mine]).tolist()
                parts.append((at, *arm_values(row, self.bins_P3[mine[at]], average_budget)))
                arms |= dict.fromkeys(at, row.arms)
            if len(mine):
                arm_B = share_out(parts, average_budget).arm_B.tolist()
                chosen[mine] = [self.matrix.arms_A.index(arms[i][arm].spec) for i, arm in enumerate(arm_B)]
        return chosen

    def best_fixed(self, price: Price) -> Ints:
        outcomes = Outcomes.of(self.matrix)
        return best_fixed_train(outcomes.utility(price), outcomes.cost(price), self.fold_P)


def crossfitted(
    matrices: Sequence[OutcomeMatrix],
    base: Base,
    seed: int,
    priors: Sequence[MeasuredRow | None] | None = None,
) -> list[CrossFitted]:
    """Each matrix (one sweep's, comparable) cross-fitted; difficulty is refitted to all of them together.
    `priors`: for each matrix the row to start from, fitted without its problems."""
    blind = Blind(matrices, base, count=FOLDS, seed=seed)
    return [
        crossfit(
            matrix,
            blind.folds_G[at],
            lambda judged, out, at=at: blind.bins(at, judged, out),  # type: ignore[misc]
            seed,
            None if priors is None else priors[at],
        )
        for at, matrix in enumerate(matrices)
    ]


def crossfit(
    matrix: OutcomeMatrix, fold_P: Ints, blind: BlindBins, seed: int, prior: MeasuredRow | None = None
) -> CrossFitted:
    """`fold_P`: 0 to K - 1; `prior` as in `fit_row`, of the row of all problems. Raises InputError where they
    are all in one fold."""
    present = [int(fold) for fold in np.unique(fold_P)]
    if len(present) < 2:
        raise InputError(
            f"{matrix.policy_model}: {len(matrix.problems_P)} problems with all arms are too few to judge "
            "routing"
        )
    rows: list[Mapping[str | None, MeasuredRow]] = [{}] * max(FOLDS, max(present) + 1)
    for fold in present:
        others = [other for other in present if other != fold]
        train = fold_P != fold
        seen = blind(others, frozenset({fold}))[train]
        rows[fold] = fit_rows(matrix.rows(train), seen, prior, seed=seed)
    return CrossFitted(matrix, fold_P, blind(present, frozenset()), tuple(rows))
