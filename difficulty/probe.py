"""The second stage: the distribution over the bins after a search's own first samples, fitted.

The likelihood is that of difficulty.posterior with three things learned from sweeps: how far wrong answers
scatter, and how much that differs between problems (Ewens' parameter takes three values, `spread` apart in
logarithm, each as likely as the others); what a PRM's value is worth, as a logistic curve of it, of each PRM
its own; and what the mean log-probability of a sample's tokens is worth. Evidence that is not there
changes nothing.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from compute_router.difficulty.bins import Distribution
from compute_router.difficulty.logistic import logit
from compute_router.difficulty.posterior import SCATTER, log_sum, right_weights, updated

__all__ = ["CLIP", "EWENS", "LOWEST", "Probe"]

CLIP = 0.01
"""A PRM's value is taken to lie in [CLIP, 1 - CLIP]."""
LOWEST = -20.0
"""A mean log-probability is taken to lie in [LOWEST, 0]."""


@dataclass(frozen=True, slots=True)
class Probe:
    """log-odds of a sample's being right, beside its agreement with others:
    value_shift + value_weight * logit(PRM value), and logprob_weight * (mean log-probability -
    logprob_centre) where the PRM says nothing. The weights are not negative. `curves`: PRM, shift and weight
    of those that were fitted by themselves."""

    scatter: float
    spread: float = 0.0
    value_shift: float = 0.0
    value_weight: float = 1.0
    logprob_weight: float = 0.0
    logprob_centre: float = 0.0
    curves: tuple[tuple[str, float, float], ...] = ()

    def __post_init__(self) -> None:
        weights = [self.value_weight, self.logprob_weight, *(weight for _, _, weight in self.curves)]
        others = [self.scatter, self.spread, self.value_shift, self.logprob_centre]
        if not all(map(math.isfinite, (*weights, *others, *(shift for _, shift, _ in self.curves)))):
            raise ValueError("a parameter is not a finite number")
        if not 1e-3 <= self.scatter <= 1e3 or not 0 <= self.spread <= 5:
            raise ValueError(f"scatter {self.scatter} or spread {self.spread} is out of range")
        if min(weights) < 0:
            raise ValueError("evidence for a sample cannot count against it")

    def of(self, prm: str | None) -> Probe:
        """The probe for the values of this PRM; of an unknown one the curve of all PRMs together counts."""
        for name, shift, weight in self.curves:
            if name == prm:
                return replace(self, value_shift=shift, value_weight=weight)
        return self

    def update(
        self,
        prior: Distribution,
        votes_N: Sequence[int | None],
        values_N: Sequence[float | None] | None = None,
        logprobs_N: Sequence[float | None] | None = None,
    ) -> Distribution:
        """`prior` after N samples: `votes_N[i]` is the group of sample i by equal answers (None: it has
        none), `values_N[i]` a PRM's value of it in [0, 1], `logprobs_N[i]` the mean log-probability of its
        tokens in nats. None or NaN: unknown. Without samples the prior comes back. Never raises."""
        n = len(votes_N)
        if n == 0:
            return prior
        values = values_N or [None] * n
        logprobs = logprobs_N or [None] * n
        groups: defaultdict[int, list[float]] = defaultdict(list)
        for vote, value, logprob in zip(votes_N, values, logprobs, strict=False):
            if vote is not None:
                groups[vote].append(self._odds(value, logprob))
        cases = [(len(odds), math.fsum(odds)) for odds in groups.values()]
        parts = [right_weights(cases, scatter) for scatter in self.scatters]
        return updated(prior, n, {right: log_sum([part[right] for part in parts]) for right in parts[0]})

    @property
    def scatters(self) -> tuple[float, ...]:
        """The values of Ewens' parameter, equally likely."""
        if not self.spread:
            return (self.scatter,)
        return tuple(self.scatter * math.exp(step * self.spread) for step in (-1, 0, 1))

    def _odds(self, value: float | None, logprob: float | None) -> float:
        if value is not None and not math.isnan(value):
            return self.value_shift + self.value_weight * logit(min(1 - CLIP, max(CLIP, value)))
        if self.logprob_weight and logprob is not None and not math.isnan(logprob):
            return self.logprob_weight * (min(0.0, max(LOWEST, logprob)) - self.logprob_centre)
        return 0.0


EWENS = Probe(SCATTER)
"""What is used where nothing was fitted; its update is compute_router.difficulty.posterior."""
