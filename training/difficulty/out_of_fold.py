"""Every answered problem predicted by a model that has seen neither its text nor its answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from compute_router.training.difficulty.corpus import Corpus, Floats, Ints
from compute_router.training.difficulty.regression import learn

__all__ = ["FOLDS", "CrossFit", "crossfit"]

FOLDS = 5


@dataclass(frozen=True, slots=True)
class CrossFit:
    """`b_P`, `familiar_P`: NaN for problems without answers. `ability_A`, `ability_sd_A`: the model's, as
    fitted without the problem's fold. `spread_P`: that fold's spread of all difficulties."""

    fold_P: Ints
    b_P: Floats
    familiar_P: Floats
    spread_P: Floats
    ability_A: Floats
    ability_sd_A: Floats


def crossfit(corpus: Corpus, seed: int) -> CrossFit:
    fold_P = corpus.folds(FOLDS, seed)
    b, familiar, spread = (np.full(len(corpus.texts), np.nan) for _ in range(3))
    ability, ability_sd = (np.full(len(corpus.n_A), np.nan) for _ in range(2))
    for fold in range(FOLDS):
        learned = learn(corpus, fold_P != fold)
        text = learned.text
        held = np.flatnonzero(corpus.answered_P & (fold_P == fold))
        placed = np.array(text.place([corpus.texts[p] for p in held]))
        b[held], familiar[held] = placed.reshape(-1, 2).T
        spread[held] = text.spread
        held_A = fold_P[corpus.problem_A] == fold
        ability[held_A] = learned.rasch.ability_M[corpus.model_A[held_A]]
        ability_sd[held_A] = learned.rasch.ability_sd_M[corpus.model_A[held_A]]
    return CrossFit(fold_P, b, familiar, spread, ability, ability_sd)
