"""The weights of the embedded PRM, and how they make a probability of evidence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from compute_router.policies import Step
from compute_router.scoring.arithmetic import ANSWERED, evidence

__all__ = ["Linear", "Weights"]


@dataclass(frozen=True, slots=True)
class Linear:
    """sigmoid(intercept + sum over F features of weight * (feature - centre)). What is unknown (NaN) stands
    for its centre."""

    intercept: float
    centres_F: tuple[float, ...]
    weights_F: tuple[float, ...]

    def __call__(self, row_F: Sequence[float]) -> float:
        logit = self.intercept
        for value, centre, weight in zip(row_F, self.centres_F, self.weights_F, strict=True):
            if value == value:
                logit += weight * (value - centre)
        return 0.5 * (1.0 + math.tanh(0.5 * logit))


@dataclass(frozen=True, slots=True)
class Weights:
    """`open` judges what has stated no answer yet, `answered` what has."""

    open: Linear
    answered: Linear

    def scores(self, problem: str, steps_S: Sequence[Step]) -> tuple[float, ...]:
        """One in [0, 1] a step."""
        return tuple(self.score(row_F) for row_F in evidence(problem, steps_S))

    def score(self, row_F: Sequence[float]) -> float:
        return (self.answered if row_F[ANSWERED] else self.open)(row_F)
