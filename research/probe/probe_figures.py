"""Figures of merit of the distributions over pass@1, against samples that were not looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from compute_router.difficulty.bins import EASY_FROM, MEDIUM_FROM
from compute_router.difficulty.posterior import POINTS
from compute_router.training.difficulty.metrics import calibration_error
from compute_router.training.outcomes.outcome_matrix import Floats
from research.probe.fit_probe import loss
from research.probe.trial import Trial
from research.probe.truth import auroc, share_error

__all__ = ["Figures", "figures"]

_P = np.array(POINTS)
_EASY, _HARD = _P >= EASY_FROM, _P < MEDIUM_FROM
_LEAST = 4
"""Other samples of a problem, below which its bin is not told apart."""


@dataclass(frozen=True, slots=True)
class Figures:
    """`loss`: nats a sample. `bias`: predicted minus measured pass@1. Of easy and hard NaN where no problem
    has four other samples."""

    problems: int
    loss: float
    bias: float
    ece: float
    ece_easy: float
    ece_hard: float
    auroc_easy: float
    auroc_hard: float


def figures(trials: Sequence[Trial], method: str) -> Figures:
    """Over the problems of all trials (of one k)."""
    after = np.concatenate([one.after_LG[method] for one in trials])
    right, rest, share, nats = (
        np.concatenate(column)
        for column in zip(
            *(
                (
                    one.seen.looks.rest_right_L,
                    one.seen.looks.rest_L,
                    one.seen.looks.share_L,
                    loss(one.after_LG[method], one.seen),
                )
                for one in trials
            ),
            strict=True,
        )
    )
    expected = after @ _P
    many = rest >= _LEAST
    told: list[float] = [np.nan] * 4
    if many.any():
        count: tuple[Floats, Floats, Floats] = right[many], rest[many], share[many]
        easy, hard = after[many][:, _EASY].sum(axis=1), after[many][:, _HARD].sum(axis=1)
        told = [
            share_error(easy, _EASY, *count),
            share_error(hard, _HARD, *count),
            auroc(easy, _EASY, *count),
            auroc(hard, _HARD, *count),
        ]
    return Figures(
        round(float(share.sum())),
        float(np.average(nats, weights=share)),
        float(np.average(expected - right / rest, weights=share)),
        calibration_error(expected, right / rest, share),
        *told,
    )
