"""What a row is fitted on: arms by problems with the distribution of each problem over the bins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from compute_router.training.difficulty.corpus import identity
from compute_router.training.outcomes.outcome_matrix import Floats, Ints, OutcomeMatrix
from compute_router.training.tables.bin_posterior import placed

__all__ = ["Sample", "sample"]


@dataclass(frozen=True, eq=False)
class Sample:
    """P rows by A arms, all arms known on all rows. A problem whose samples were graded has several, over the
    bins and in each (`placed`). `bins_P3`: where the row is, for fitting; `predicted_P3`: the bins as a
    decision knows them. `weight_P` sums to 1 a problem: one that several policy models met is evidence once.
    `problem_P` numbers the problems. Costs are NaN where unknown."""

    arms_A: tuple[str, ...]
    predicted_P3: Floats
    bins_P3: Floats
    accuracy_PA: Floats
    tokens_PA: Floats
    prm_tokens_PA: Floats
    weight_P: Floats
    problem_P: Ints

    @property
    def problems(self) -> float:
        return float(self.weight_P.sum())

    @property
    def shares_3(self) -> Floats:
        """Share of the problems in each bin."""
        return np.asarray(self.weight_P @ self.bins_P3 / self.problems)

    def mean(self, value_PA: Floats) -> Floats:
        """Mean by problem of each arm of which more than half is known, else NaN."""
        known_PA = ~np.isnan(value_PA)
        weight_PA = self.weight_P[:, None] * known_PA
        total_A = (weight_PA * np.where(known_PA, value_PA, 0.0)).sum(axis=0)
        enough_A = known_PA.mean(axis=0) > 0.5
        return np.where(enough_A, total_A / np.where(enough_A, weight_PA.sum(axis=0), 1.0), np.nan)

    def rows(self, at_P: Ints) -> Sample:
        return replace(
            self,
            predicted_P3=self.predicted_P3[at_P],
            bins_P3=self.bins_P3[at_P],
            accuracy_PA=self.accuracy_PA[at_P],
            tokens_PA=self.tokens_PA[at_P],
            prm_tokens_PA=self.prm_tokens_PA[at_P],
            weight_P=self.weight_P[at_P],
            problem_P=self.problem_P[at_P],
        )


def sample(matrices: Sequence[OutcomeMatrix], bins: Sequence[Floats]) -> Sample:
    """The comparable arms and problems of one matrix, or of several together (the arms that all have).
    `bins`: as predicted, without the matrix's own outcomes. Raises ValueError where nothing is left, or bins
    do not fit."""
    arms = [arm for arm in matrices[0].arms_A if all(arm in matrix.arms_A for matrix in matrices)]
    parts = []
    for matrix, bins_P3 in zip(matrices, bins, strict=True):
        if bins_P3.shape != (len(matrix.problems_P), 3):
            raise ValueError(
                f"bins {bins_P3.shape} for the {len(matrix.problems_P)} problems of {matrix.policy_model}"
            )
        parts.append(_comparable(matrix.columns(arms), bins_P3))
    kept = [arm for arm in arms if all(arm in matrix.arms_A for matrix, _ in parts)]
    if not kept or not any(len(matrix.problems_P) for matrix, _ in parts):
        raise ValueError(f"no arm of {matrices[0].policy_model} was run on problems that can be compared")
    some = [(matrix.columns(kept), bins_P3) for matrix, bins_P3 in parts]
    number: dict[str, int] = {}
    problem_P = np.array(
        [
            number.setdefault(identity(text) if text else problem, len(number))
            for matrix, _ in some
            for problem, text in zip(matrix.problems_P, matrix.texts_P, strict=True)
        ],
        dtype=np.int64,
    )
    predicted_P3 = np.concatenate([bins_P3 for _, bins_P3 in some])
    right_P = np.concatenate([matrix.right_P for matrix, _ in some])
    samples_P = np.concatenate([matrix.samples_P for matrix, _ in some])
    at_R, bins_R3, share_R = placed(predicted_P3, right_P, samples_P)
    return Sample(
        arms_A=tuple(kept),
        predicted_P3=predicted_P3[at_R],
        bins_P3=bins_R3,
        accuracy_PA=np.concatenate([matrix.accuracy_PA for matrix, _ in some])[at_R],
        tokens_PA=np.concatenate([matrix.tokens_PA for matrix, _ in some])[at_R],
        prm_tokens_PA=np.concatenate([matrix.prm_tokens_PA for matrix, _ in some])[at_R],
        weight_P=share_R / np.bincount(problem_P)[problem_P[at_R]],
        problem_P=problem_P[at_R],
    )


def _comparable(matrix: OutcomeMatrix, bins_P3: Floats) -> tuple[OutcomeMatrix, Floats]:
    """`OutcomeMatrix.comparable`, and the bins of the problems it keeps."""
    number = np.arange(len(matrix.problems_P))
    kept = replace(matrix, problems_P=tuple(map(str, number))).comparable()
    at = np.array([int(name) for name in kept.problems_P], dtype=np.int64)
    return replace(kept, problems_P=tuple(matrix.problems_P[i] for i in at)), bins_P3[at]
