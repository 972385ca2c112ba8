"""What the first samples say about a problem: the distribution over the bins, updated.

Right answers agree, wrong ones scatter. Of k samples with pass@1 p each is right with probability p; the
wrong ones fall into groups of equal answers as Ewens' sampling formula has it (Ewens 1972): a new wrong
answer with weight SCATTER, an earlier one with the number of samples that gave it. Which group is the
right one is unknown, if any is, so the likelihood sums over all of them; a PRM's values weigh the terms.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

from difficulty.bins import BINS, EASY_FROM, MEDIUM_FROM, Distribution

__all__ = ["SCATTER", "posterior"]

SCATTER = 14.0
"""The parameter of Ewens' formula, fitted to the wrong answers of the shipped sweep (a test repeats it)."""

_POINTS = 16
"""Values of pass@1 inside each bin, at which the likelihood is taken."""
_EDGES = {"easy": (EASY_FROM, 1.0), "medium": (MEDIUM_FROM, EASY_FROM), "hard": (0.0, MEDIUM_FROM)}


def posterior(
    prior: Distribution, votes_N: Sequence[int | None], values_N: Sequence[float | None] | None = None
) -> Distribution:
    """`prior` after N samples. `votes_N[i]` is the group of sample i by equal answers (None where it has
    none: wrong, and alone in it). `values_N[i]` in [0, 1] is a PRM's probability that sample i is right,
    None where it says nothing.

    Within a bin the prior is flat in pass@1. Without samples the prior comes back.
    """
    if not votes_N:
        return prior
    values = list(values_N) if values_N is not None else [None] * len(votes_N)
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for i, vote in enumerate(votes_N):
        if vote is not None:
            groups[vote].append(i)
    n = len(votes_N)
    # (samples that are right, log of the rest) for each answer that may be the right one, and for none.
    cases = [(0, _evidence((), values) + _scatter([len(group) for group in groups.values()]))]
    for right, members in groups.items():
        wrong = [len(group) for vote, group in groups.items() if vote != right]
        cases.append((len(members), _evidence(members, values) + _scatter(wrong)))
    top = max(weight for _, weight in cases)

    mass = dict.fromkeys(BINS, 0.0)
    first_moment = 0.0
    for name in BINS:
        low, high = _EDGES[name]
        for at in range(_POINTS):
            p = low + (high - low) * (at + 0.5) / _POINTS
            likelihood = math.fsum(
                p**right * (1 - p) ** (n - right) * math.exp(weight - top) for right, weight in cases
            )
            share = float(getattr(prior, name)) / _POINTS * likelihood
            mass[name] += share
            first_moment += share * p
    total = math.fsum(mass.values())
    if total <= 0.0:  # beyond what floats can tell
        return prior
    easy, medium = mass["easy"] / total, mass["medium"] / total
    return Distribution(easy, medium, max(0.0, 1 - easy - medium), first_moment / total)


def _scatter(sizes: Sequence[int]) -> float:
    """Log-probability of wrong answers in groups of these sizes (Ewens' formula)."""
    total = sum(sizes)
    rising = math.lgamma(SCATTER + total) - math.lgamma(SCATTER)
    return len(sizes) * math.log(SCATTER) + math.fsum(map(math.lgamma, sizes)) - rising


def _evidence(right: Sequence[int], values: Sequence[float | None]) -> float:
    """Log of how well the PRM's values fit if exactly the samples `right` are."""
    chosen = set(right)
    return math.fsum(
        math.log(min(0.99, max(0.01, value if i in chosen else 1 - value)))
        for i, value in enumerate(values)
        if value is not None
    )
