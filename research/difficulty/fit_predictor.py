"""From a corpus to the predictor that is shipped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from compute_router.difficulty.ability import Abilities, Ability
from compute_router.difficulty.predictor import Predictor
from compute_router.difficulty.text import TextModel
from compute_router.training.difficulty.corpus import Corpus, Mask
from compute_router.training.difficulty.out_of_fold import CrossFit, crossfit
from compute_router.training.difficulty.regression import learn
from compute_router.training.difficulty.scale import Scale, expected, fit_scale
from research.difficulty.law import fit_law
from research.difficulty.log_sources import MATH500_PROBLEMS

__all__ = ["Fit", "fit"]

_PUBLISHED_SD = 0.5
"""Logits. Prompts, sampling and answer checking of the paper are not those of the logs."""
_SEARCH = 15.0


@dataclass(frozen=True, slots=True)
class Fit:
    """The predictor, and the held-out predictions that it was calibrated on."""

    predictor: Predictor
    held_out: CrossFit
    scale: Scale


def fit(corpus: Corpus, seed: int, published: Mapping[str, float] | None = None) -> Fit:
    """Cross-fit, calibrate on what was held out, then learn from everything.

    `published`: accuracies on MATH-500 of models that may have no graded answers. Deterministic: `seed`
    only decides the folds.
    """
    held_out = crossfit(corpus, seed)
    scale = fit_scale(corpus, held_out, np.ones(len(corpus.n_A), dtype=bool))
    learned = learn(corpus, np.ones(len(corpus.texts), dtype=bool))
    text = scale.calibrated(learned.text)
    known = {
        model: Ability(float(value), float(sd), "logs")
        for model, value, sd in zip(
            corpus.models, learned.rasch.ability_M, learned.rasch.ability_sd_M, strict=True
        )
    }
    on = corpus.from_source(MATH500_PROBLEMS)
    for model, accuracy in (published or {}).items():
        if model not in known and on.any():
            known[model] = _placed(accuracy, corpus, on, text, scale)
    abilities = Abilities(known, fit_law(known, corpus.params))
    return Fit(Predictor(text, abilities, scale.discrimination), held_out, scale)


def _placed(accuracy: float, corpus: Corpus, on_P: Mask, text: TextModel, scale: Scale) -> Ability:
    """The ability under which the expected accuracy over these problems is the published one."""
    estimates = text.estimates([corpus.texts[p] for p in np.flatnonzero(on_P)])
    b = np.array([e.b for e in estimates])
    sd = scale.discrimination * np.array([e.sd for e in estimates])

    def excess(ability: float) -> float:
        return float(expected(scale.discrimination * (ability - b), sd).mean()) - accuracy

    return Ability(float(brentq(excess, -_SEARCH, _SEARCH)), _PUBLISHED_SD, "published")
