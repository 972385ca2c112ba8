"""A policy model that the fit has never seen, placed by a few graded answers: how far pass@1 is off.

The models of the matrices leave in groups. Without a group's answers, problems are cross-fitted anew, so
that each is predicted by texts and answers of other problems and other models. A model of the group then has
a few answers drawn for it; its ability is what these say, under the prior of an unknown name; and its other
problems are predicted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from difficulty.ability import Ability
from difficulty.calibrate import calibrate
from difficulty.text import Estimate
from training.difficulty.corpus import Corpus, Floats, Ints, Mask
from training.difficulty.crossfit import crossfit
from training.difficulty.metrics import calibration_error
from training.difficulty.scale import expected, fit_scale

__all__ = ["ANSWERS", "Unseen", "unseen"]

ANSWERS = (10, 20, 40)
_GROUPS = 4
_DRAWS = 5
_ENOUGH = 500
"""Answers that a model must have left to be scored on: fewer say little of calibration."""
_STRANGER = Ability(0.0, 2.0, "parameters")
"""The prior: nothing but the order of magnitude."""


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
        b, sd, discrimination = _difficulties(corpus, ~np.isin(corpus.model_A, away), seed)
        for model in sorted(away):
            own = np.flatnonzero(among & (corpus.model_A == model) & ~np.isnan(b[corpus.problem_A]))
            for answers in ANSWERS:
                for _ in range(_DRAWS):
                    rows[answers].append(_scored(corpus, own, answers, b, sd, discrimination, rng))
    return [
        Unseen(answers, *np.array(found).reshape(-1, _DRAWS, 2).transpose(2, 0, 1))
        for answers, found in rows.items()
        if found
    ]


def _difficulties(corpus: Corpus, rows_A: Mask, seed: int) -> tuple[Floats, Floats, float]:
    """Cross-fitted b and its sd, (P,) each, and the discrimination, from the answers `rows_A` alone."""
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
    known = held_out.familiar_P
    sd = np.sqrt(known * scale.residual**2 + (1 - known) * spread**2)
    return scale.shift + scale.stretch * held_out.b_P, sd, scale.discrimination


def _scored(
    corpus: Corpus, own: Ints, answers: int, b: Floats, sd: Floats, a: float, rng: np.random.Generator
) -> tuple[float, float]:
    drawn = rng.permutation(own)
    graded, rest = drawn[:answers], drawn[answers:]
    at = corpus.problem_A[graded]
    ability = calibrate(
        [Estimate(float(b[p]), float(sd[p])) for p in at],
        corpus.k_A[graded].astype(int).tolist(),
        corpus.n_A[graded].astype(int).tolist(),
        _STRANGER,
        a,
    )
    p = corpus.problem_A[rest]
    given = expected(a * (ability.value - b[p]), a * np.hypot(sd[p], ability.sd))
    n, k = corpus.n_A[rest], corpus.k_A[rest]
    chance = rng.binomial(n.astype(int), given) / n
    return calibration_error(given, k / n, n), calibration_error(given, chance, n)
