"""What the first samples say about a problem, as far as Bayes' rule goes.

Right answers agree, wrong ones scatter. Of k samples with pass@1 p each is right with probability p; the
wrong ones fall into groups of equal answers as Ewens' sampling formula has it (Ewens 1972): a new wrong
answer with weight `scatter`, an earlier one with the number of samples that gave it. Which group is the
right one is unknown, if any is, so the likelihood sums over all of them; a PRM's values weigh the terms.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import NormalDist

from compute_router.difficulty.bins import EASY_FROM, MEDIUM_FROM, Distribution
from compute_router.difficulty.logistic import logit

__all__ = ["CELLS", "EDGES", "POINTS", "SCATTER", "cells", "log_sum", "posterior", "right_weights", "updated"]

SCATTER = 14.0
"""The parameter of Ewens' formula where nothing was fitted: that of the shipped sweep's wrong answers."""

_CELLS = (8, 8, 12)
CELLS = sum(_CELLS)
"""Intervals of pass@1 in the hard, the medium and the easy bin."""


def _edges() -> tuple[float, ...]:
    """Equal steps of arcsin(sqrt(p)) within a bin, in which a binomial share is about equally uncertain."""
    cuts = (0.0, MEDIUM_FROM, EASY_FROM, 1.0)
    found = [0.0]
    for count, (low, high) in zip(_CELLS, pairwise(cuts), strict=True):
        start, end = math.asin(math.sqrt(low)), math.asin(math.sqrt(high))
        found += [math.sin(start + (end - start) * i / count) ** 2 for i in range(1, count)] + [high]
    return tuple(found)


EDGES = _edges()
POINTS = tuple(
    math.sin((math.asin(math.sqrt(low)) + math.asin(math.sqrt(high))) / 2) ** 2
    for low, high in pairwise(EDGES)
)
"""The pass@1 that stands for each interval."""

_HARD, _MEDIUM, _EASY = (
    slice(0, _CELLS[0]),
    slice(_CELLS[0], _CELLS[0] + _CELLS[1]),
    slice(_CELLS[0] + _CELLS[1], CELLS),
)
_LOGITS = tuple(map(logit, EDGES[1:-1]))
_LOGS = tuple((math.log(p), math.log1p(-p)) for p in POINTS)
_NORMAL = NormalDist()
_TINY = 1e-12
_WIDEST = 6.0
"""Logits. Of wider priors only the masses of the bins are kept."""


def posterior(
    prior: Distribution, votes_N: Sequence[int | None], values_N: Sequence[float | None] | None = None
) -> Distribution:
    """`prior` after N samples, with nothing fitted. `votes_N[i]` is the group of sample i by equal answers
    (None where it has none: wrong, and alone in it). `values_N[i]` in [0, 1] is a PRM's probability that
    sample i is right, None where it says nothing.

    Without samples the prior comes back. `Probe.update` is the same with fitted parameters.
    """
    groups: defaultdict[int, list[float]] = defaultdict(list)
    for vote, value in zip(votes_N, values_N or [None] * len(votes_N), strict=False):
        if vote is not None:
            groups[vote].append(0.0 if value is None else logit(min(0.99, max(0.01, value))))
    cases = [(len(values), math.fsum(values)) for values in groups.values()]
    return updated(prior, len(votes_N), right_weights(cases, SCATTER)) if len(votes_N) else prior


def cells(prior: Distribution) -> list[float]:
    """Its mass in each of the `CELLS` intervals. Within the bins it is the normal distribution of logit
    pass@1 that has these masses, which is what `Distribution.of_logit` made them of."""
    easy = _NORMAL.inv_cdf(min(1 - _TINY, max(_TINY, prior.easy)))
    hard = _NORMAL.inv_cdf(min(1 - _TINY, max(_TINY, prior.hard)))
    sd = min(_WIDEST, -logit(MEDIUM_FROM) / max(_TINY, -easy - hard))
    below = [0.0, *(0.5 * math.erfc((easy - cut / sd) / math.sqrt(2)) for cut in _LOGITS), 1.0]
    shape = [high - low for low, high in pairwise(below)]
    for where, mass in ((_HARD, prior.hard), (_MEDIUM, prior.medium), (_EASY, prior.easy)):
        part = shape[where]
        total = math.fsum(part)
        shape[where] = [mass * one / total for one in part] if total > 0 else [mass / len(part)] * len(part)
    return shape


def right_weights(groups: Sequence[tuple[int, float]], scatter: float) -> dict[int, float]:
    """log-weight of "r of the samples are right", for every r that can be. `groups`: of each group of equal
    answers its size and the log-odds that other evidence gives for its being the right one."""
    wrong = sum(size for size, _ in groups)
    shape = math.fsum(math.lgamma(size) for size, _ in groups)
    log_scatter, start = math.log(scatter), math.lgamma(scatter)
    # Ewens' formula for the groups that are wrong: all of them, or all but the right one.
    weights = [(0, len(groups) * log_scatter + shape - math.lgamma(scatter + wrong) + start)]
    for size, odds in groups:
        rest = (len(groups) - 1) * log_scatter + shape - math.lgamma(size)
        weights.append((size, odds + rest - math.lgamma(scatter + wrong - size) + start))
    merged: defaultdict[int, list[float]] = defaultdict(list)
    for right, weight in weights:
        merged[right].append(weight)
    return {right: log_sum(some) for right, some in merged.items()}


def updated(prior: Distribution, n: int, weights: Mapping[int, float]) -> Distribution:
    """`prior` times sum_r exp(weights[r]) p^r (1 - p)^(n - r)."""
    mass = cells(prior)
    logs = [
        log_sum([weight + right * log_p + (n - right) * log_q for right, weight in weights.items()])
        for log_p, log_q in _LOGS
    ]
    top = max(one for one, share in zip(logs, mass, strict=True) if share > 0)
    mass = [share * math.exp(min(0.0, one - top)) for one, share in zip(logs, mass, strict=True)]
    total = math.fsum(mass)
    easy, medium = math.fsum(mass[_EASY]) / total, math.fsum(mass[_MEDIUM]) / total
    expected = math.fsum(share * p for share, p in zip(mass, POINTS, strict=True)) / total
    easy, medium = min(1.0, easy), min(1.0, medium)
    return Distribution(easy, min(medium, 1 - easy), max(0.0, 1 - easy - medium), min(1.0, expected))


def log_sum(logs: Sequence[float]) -> float:
    """log of the sum of exponentials; of one term, that term."""
    if len(logs) == 1:
        return logs[0]
    top = max(logs)
    return top + math.log(math.fsum([math.exp(one - top) for one in logs]))
