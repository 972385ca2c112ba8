"""A predictor that has seen no outcome of any model: only what people say of problems.

The place to start from wherever outcomes are to be judged that the shipped predictor has learned from, or
where nothing but a sweep's own outcomes should speak. MATH's levels and the number of steps of GSM8K's
solutions are put on one scale of logits by numbers that are stipulated here, not fitted; abilities come from
a law of the parameter count that is as coarse. `training.difficulty.refit` learns both from a sweep.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from compute_router.difficulty.ability import Abilities, AbilityLaw
from compute_router.difficulty.predictor import Predictor
from compute_router.training.difficulty.corpus import Annotated, identity
from compute_router.training.difficulty.regression import annotated_text
from research.difficulty.log_sources import math500_texts, training_notes

__all__ = ["LAW", "annotated_predictor", "blind_notes"]

LAW = AbilityLaw(intercept=-16.0, slope=1.8, offsets={}, sd=2.0, family_sd=2.0)
"""1B about 0.2, 7B about 1.7, 70B about 3.5, and very unsure."""

_MIDDLE_LEVEL = 3.0
_STEPS_FROM = -2.0
"""b = level - 3 in MATH, log(1 + steps) - 2 in GSM8K: three steps lie between levels 2 and 3."""
_RESIDUAL, _SPREAD = 1.5, 2.0


def blind_notes(data: Path) -> list[Annotated]:
    """Levels of MATH's training problems, steps of GSM8K's. A problem of MATH-500 is left out."""
    test = {identity(text) for text in math500_texts(data)}
    return [note for note in training_notes(data) if identity(note.problem) not in test]


def annotated_predictor(notes: Sequence[Annotated]) -> Predictor:
    """Fit on annotations alone. Deterministic: there are no folds to draw."""
    text = annotated_text(
        [note.problem for note in notes], np.array([_b(note) for note in notes]), _RESIDUAL, _SPREAD
    )
    return Predictor(text, Abilities({}, LAW), 1.0)


def _b(note: Annotated) -> float:
    if note.level is not None:
        return note.level - _MIDDLE_LEVEL
    return _STEPS_FROM + float(np.log1p(note.steps or 0))
