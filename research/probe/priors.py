"""What the text says of each problem, told by a predictor that has not seen its answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from compute_router.difficulty import Distribution, Predictor
from compute_router.training.difficulty.refit import model_of, refit
from compute_router.training.evaluation.folds import FOLDS, folds
from compute_router.training.outcomes.outcome_matrix import Ints, OutcomeMatrix
from research.probe.sampled_problem import Sampled

__all__ = ["Priors", "priors"]


@dataclass(frozen=True, eq=False)
class Priors:
    """Of one sweep's problems. `average_P`: of all problems of the sweep outside the fold, the same for each
    problem of a fold: what is left where the text is not looked at."""

    fold_P: Ints
    text_P: tuple[Distribution, ...]
    average_P: tuple[Distribution, ...]


def priors(sweeps: Mapping[str, Sequence[Sampled]], base: Predictor, *, seed: int = 0) -> dict[str, Priors]:
    """Cross-fitted by problem text over all sweeps together. `base` must not have seen their answers. Each
    sweep holds one policy model."""
    matrices = {name: _matrix(problems) for name, problems in sweeps.items()}
    fold_of = {name: folds([one.name for one in some], FOLDS, seed) for name, some in sweeps.items()}
    text: dict[str, list[Distribution | None]] = {name: [None] * len(some) for name, some in sweeps.items()}
    average = {name: list(some) for name, some in text.items()}
    for fold in range(FOLDS):
        rest = [matrix.rows(fold_of[name] != fold) for name, matrix in matrices.items()]
        predictor = refit([matrix for matrix in rest if matrix.problems_P], base, seed=seed)
        for name, matrix in matrices.items():
            predicted = _predicted(predictor, matrix)
            others = [one for one, at in zip(predicted, fold_of[name], strict=True) if at != fold]
            mean = _mean(others or predicted)
            for p in np.flatnonzero(fold_of[name] == fold):
                text[name][p], average[name][p] = predicted[p], mean
    return {
        name: Priors(
            fold_of[name],
            tuple(one for one in text[name] if one is not None),
            tuple(one for one in average[name] if one is not None),
        )
        for name in sweeps
    }


def _matrix(problems: Sequence[Sampled]) -> OutcomeMatrix:
    """Plain samples without arms: all that the predictor is fitted to."""
    none = np.zeros((len(problems), 0))
    return OutcomeMatrix(
        policy_model=problems[0].policy_model,
        params=problems[0].params,
        prm=None,
        prm_params=None,
        problems_P=tuple(one.name for one in problems),
        texts_P=tuple(one.text for one in problems),
        arms_A=(),
        accuracy_PA=none,
        tokens_PA=none,
        prm_tokens_PA=none,
        right_P=np.array([sum(one.right_N) for one in problems], dtype=np.float64),
        samples_P=np.array([len(one.paths_N) for one in problems], dtype=np.float64),
    )


def _predicted(predictor: Predictor, matrix: OutcomeMatrix) -> list[Distribution]:
    """A problem without a text gets an empty one: nothing is known of it."""
    texts = [text or "" for text in matrix.texts_P]
    return [one.distribution for one in predictor.predict(texts, model_of(matrix))]


def _mean(some: Sequence[Distribution]) -> Distribution:
    easy, medium = fmean(one.easy for one in some), fmean(one.medium for one in some)
    return Distribution(easy, medium, max(0.0, 1 - easy - medium), fmean(one.pass_at_1 for one in some))
