"""A policy model that the fit has never seen, placed by a few graded answers: how far pass@1 is off.

The models of the matrices leave in groups. Without a group's answers, problems are cross-fitted anew, so
that each is predicted by texts and answers of other problems and other models. A model of the group then has
a few answers drawn for it; its ability is what these say, under the prior of a name that is not known: the
law of size and family, fitted to the other models too, or where its makers do not tell the size, the spread
of the other models. Then its other problems are predicted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from compute_router.difficulty.ability import Ability, AbilityLaw, PolicyModel
from compute_router.difficulty.calibrate import calibrate
from compute_router.difficulty.text import Estimate
from compute_router.training.difficulty.corpus import Corpus, Floats, Ints, Mask
from compute_router.training.difficulty.metrics import calibration_error
from compute_router.training.difficulty.out_of_fold import crossfit
from compute_router.training.difficulty.scale import expected, fit_scale
from research.difficulty.law import fit_law

__all__ = ["ANSWERS", "Unseen", "unseen"]

ANSWERS = (10, 20, 40)
_GROUPS = 4
_DRAWS = 10
_ENOUGH = 500
"""Answers that a model must have left to be scored on: fewer say little of calibration."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """`error_MD`: the ECE of M models in D draws of `answers` answers each. `floor_MD`: that of outcomes
    drawn from the very predictions, which only chance keeps from 0."""

    answers: int
    error_MD: Floats
    floor_MD: Floats


def unseen(corpus: Corpus, sources: tuple[str, ...], seed: int) -> list[Unseen]:
    """One for each of `ANSWERS`, over the models with enough answers in the logs `sources`."""
    among = np.any([corpus.from_source(source) for source in sources], axis=0)[corpus.problem_A]
    counts = np.bincount(corpus.model_A[among], minlength=len(corpus.models))
    models = np.flatnonzero(counts >= _ENOUGH + max(ANSWERS))
    rng = np.random.default_rng(seed)
    group_of = {int(model): i % _GROUPS for i, model in enumerate(rng.permutation(models))}
    rows: dict[int, list[tuple[float, float]]] = {answers: [] for answers in ANSWERS}
    for group in range(_GROUPS):
        away = [model for model, at in group_of.items() if at == group]
        if not away:
            continue
        others = _others(corpus, ~np.isin(corpus.model_A, away), seed)
        for model in sorted(away):
            own = np.flatnonzero(among & (corpus.model_A == model) & ~np.isnan(others.b_P[corpus.problem_A]))
            prior = others.prior(corpus.models[model], corpus.params)
            for answers in ANSWERS:
                for _ in range(_DRAWS):
                    rows[answers].append(_scored(corpus, rng.permutation(own), answers, others, prior, rng))
    return [
        Unseen(answers, *np.array(found).reshape(-1, _DRAWS, 2).transpose(2, 0, 1))
        for answers, found in rows.items()
        if found
    ]


@dataclass(frozen=True, slots=True)
class _Others:
    """What is known without the group. `b_P`, `sd_P`: cross-fitted difficulties."""

    b_P: Floats
    sd_P: Floats
    discrimination: float
    known: dict[str, Ability]
    law: AbilityLaw

    def prior(self, name: str, params: Mapping[str, int]) -> Ability:
        if name in params:
            return self.law(PolicyModel(name, params[name]))
        values = np.array([ability.value for ability in self.known.values()])
        return Ability(float(values.mean()), float(values.std()), "parameters")


def _others(corpus: Corpus, rows_A: Mask, seed: int) -> _Others:
    rest = replace(
        corpus,
        problem_A=corpus.problem_A[rows_A],
        model_A=corpus.model_A[rows_A],
        n_A=corpus.n_A[rows_A],
        k_A=corpus.k_A[rows_A],
    )
    held_out = crossfit(rest, seed)
    scale = fit_scale(rest, held_out, np.ones(len(rest.n_A), dtype=bool))
    spread = np.maximum(scale.residual, scale.stretch * held_out.spread_P)
    familiar = held_out.familiar_P
    sd = np.sqrt(familiar * scale.residual**2 + (1 - familiar) * spread**2)
    known = {
        rest.models[m]: Ability(float(held_out.ability_A[rest.model_A == m].mean()), 0.0, "logs")
        for m in np.unique(rest.model_A)
    }
    b = scale.shift + scale.stretch * held_out.b_P
    return _Others(b, sd, scale.discrimination, known, fit_law(known, corpus.params))


def _scored(
    corpus: Corpus, drawn: Ints, answers: int, others: _Others, prior: Ability, rng: np.random.Generator
) -> tuple[float, float]:
    """ECE of what follows the first `answers` rows of `drawn`, and of outcomes drawn from the predictions."""
    b, sd, a = others.b_P, others.sd_P, others.discrimination
    graded, rest = drawn[:answers], drawn[answers:]
    at = corpus.problem_A[graded]
    n, k = (counts[graded].astype(int).tolist() for counts in (corpus.n_A, corpus.k_A))
    ability = calibrate([Estimate(float(b[p]), float(sd[p])) for p in at], k, n, prior, a)
    p = corpus.problem_A[rest]
    given = expected(a * (ability.value - b[p]), a * np.hypot(sd[p], ability.sd))
    n_R, k_R = corpus.n_A[rest], corpus.k_A[rest]
    chance = rng.binomial(n_R.astype(int), given) / n_R
    return calibration_error(given, k_R / n_R, n_R), calibration_error(given, chance, n_R)
