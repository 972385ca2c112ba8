"""Where the policy models of a sweep stand, once the difficulties of its problems are predicted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from compute_router.difficulty.ability import Ability
from compute_router.training.difficulty.corpus import Floats
from compute_router.training.difficulty.scale import log_likelihood

__all__ = ["Answers", "settle", "standing"]

_WEAK_SD = 3.0
_REACH = 12.0
_SHIFT_SD = 1.0
"""Logits by which a sweep's problems as a whole may be harder than their texts say."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Rows of one model: N(b, sd^2) the problem's difficulty, right `k` times of `n`."""

    b: Floats
    sd: Floats
    n: Floats
    k: Floats


def standing(answers: Answers, discrimination: float, near: float) -> Ability:
    """The ability that makes the answers likeliest, each difficulty integrated out; `near` only keeps it
    finite where all are right or none."""
    a = discrimination

    def loss(ability: float) -> float:
        likelihood = log_likelihood(a * (ability - answers.b), a * answers.sd, answers.n, answers.k)
        return 0.5 * ((ability - near) / _WEAK_SD) ** 2 - float(likelihood.sum())

    peak = float(minimize_scalar(loss, bounds=(near - _REACH, near + _REACH), method="bounded").x)
    h = 0.1
    curvature = (loss(peak - h) - 2 * loss(peak) + loss(peak + h)) / h**2
    return Ability(peak, 1 / math.sqrt(max(curvature, _WEAK_SD**-2)), "logs")


def settle(found: Mapping[str, Ability], prior: Mapping[str, Ability]) -> tuple[dict[str, Ability], float]:
    """Abilities, and the shift of all difficulties, that explain what was `found` together.

    The answers of a sweep tell ability - shift and no more; which of the two it is, the priors say:
    found ~ N(ability - shift, sd^2), ability ~ N(prior), shift ~ N(0, 1).
    """
    precision = {name: 1 / (found[name].sd ** 2 + prior[name].sd ** 2) for name in found}
    pulls = [(prior[name].value - found[name].value) * precision[name] for name in found]
    shift = math.fsum(pulls) / (_SHIFT_SD**-2 + math.fsum(precision.values()))
    settled = {}
    for name, ability in found.items():
        weights = np.array([ability.sd, prior[name].sd]) ** -2.0
        value = float(weights @ [ability.value + shift, prior[name].value] / weights.sum())
        settled[name] = Ability(value, float(weights.sum() ** -0.5), "logs")
    return settled, shift
