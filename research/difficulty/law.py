"""Ability from the parameter count and the family: ridge with errors measured by leaving out."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from compute_router.difficulty import names
from compute_router.difficulty.ability import Ability, AbilityLaw
from compute_router.training.difficulty.corpus import Floats

__all__ = ["fit_law"]

_FAMILY_PENALTY = 1.0
"""A family's offset is shrunk as if families and single models scattered alike."""
_FALLBACK = AbilityLaw(intercept=-16.0, slope=1.8, offsets={}, sd=2.0, family_sd=2.0)
"""For logs with fewer than `_ENOUGH` sized models: about the law of the shipped file, and very unsure."""
_ENOUGH = 4


def fit_law(known: Mapping[str, Ability], params: Mapping[str, int]) -> AbilityLaw:
    """Fit on the models that have both an ability and a parameter count."""
    models = sorted(known.keys() & params.keys())
    if len(models) < _ENOUGH:
        return _FALLBACK
    sizes = np.array([math.log10(params[m]) for m in models])
    abilities = np.array([known[m].value for m in models])
    families = [names.family(m) or "" for m in models]
    intercept, slope, offsets = _fit(sizes, abilities, families)

    def error(i: int, out: list[bool]) -> float:
        """Squared error on model `i` of the law fitted without the models that are `out`."""
        rest = [j for j, left_out in enumerate(out) if not left_out]
        if len(rest) < 2:
            return _FALLBACK.sd**2
        a, b, u = _fit(sizes[rest], abilities[rest], [families[j] for j in rest])
        return float((abilities[i] - a - b * sizes[i] - u.get(families[i], 0.0)) ** 2)

    everyone = range(len(models))
    alone = [error(i, [families[j] == families[i] for j in everyone]) for i in everyone]
    related = [i for i in everyone if families[i] and families.count(families[i]) > 1]
    among = [error(i, [j == i for j in everyone]) for i in related]
    sd = math.sqrt(sum(alone) / len(alone))
    family_sd = math.sqrt(sum(among) / len(among)) if among else sd
    return AbilityLaw(intercept, slope, offsets, sd, min(sd, family_sd))


def _fit(sizes: Floats, abilities: Floats, families: list[str]) -> tuple[float, float, dict[str, float]]:
    """Intercept, slope (never negative: size does not hurt) and the offset of each named family."""
    groups = sorted({f for f in families if f})
    centre = float(sizes.mean())
    design = np.column_stack(
        [np.ones(len(sizes)), sizes - centre, *([f == g for f in families] for g in groups)]
    )
    penalty = np.diag([1e-9, 1e-9] + [_FAMILY_PENALTY] * len(groups))
    mean, slope, *offsets = np.linalg.solve(design.T @ design + penalty, design.T @ abilities).tolist()
    if slope < 0:
        mean, slope, offsets = float(abilities.mean()), 0.0, [0.0] * len(groups)
    return mean - slope * centre, slope, dict(zip(groups, offsets, strict=True))
