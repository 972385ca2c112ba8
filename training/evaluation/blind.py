"""Difficulty of problems predicted without their answers: the predictor fitted on the other folds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from compute_router.difficulty import Predictor
from compute_router.training.difficulty.refit import bins, model_of, refit
from compute_router.training.evaluation.folds import folds, identities
from compute_router.training.outcomes.outcome_matrix import Floats, Ints, OutcomeMatrix

__all__ = ["UNSEEING", "Base", "Blind"]

Base = Callable[[frozenset[int]], Predictor]
"""The predictor to start from, blind to the problems of these folds."""

UNSEEING = "difficulty-base/manifest.json"
"""The shipped predictor that has seen no outcome of any model, only annotations of training problems."""


class Blind:
    """Refits, each made once. `base(out)` must not have seen the answers in the folds `out` either."""

    def __init__(self, matrices: Sequence[OutcomeMatrix], base: Base, *, count: int, seed: int) -> None:
        self._matrices, self._base, self._seed = matrices, base, seed
        self.folds_G: list[Ints] = [folds(identities(matrix), count, seed) for matrix in matrices]
        self._made: dict[frozenset[int], Predictor] = {}

    def predictor(self, out: frozenset[int]) -> Predictor:
        """Fitted on the problems outside the folds `out`."""
        if out not in self._made:
            seen = [
                matrix.rows(~np.isin(fold_P, list(out)))
                for matrix, fold_P in zip(self._matrices, self.folds_G, strict=True)
            ]
            self._made[out] = refit([one for one in seen if one.problems_P], self._base(out), seed=self._seed)
        return self._made[out]

    def bins(self, index: int, judged: Iterable[int], out: frozenset[int] = frozenset()) -> Floats:
        """(P, 3) for matrix `index`: each problem of the folds `judged` by a predictor that has seen neither
        its own fold nor those in `out`. NaN for the other problems."""
        matrix, fold_P = self._matrices[index], self.folds_G[index]
        found = np.full((len(fold_P), 3), np.nan)
        for fold in judged:
            here = fold_P == fold
            if here.any():
                texts = [text for text, mine in zip(matrix.texts_P, here, strict=True) if mine]
                found[here] = bins(self.predictor(out | {fold}), texts, model_of(matrix))
        return found
