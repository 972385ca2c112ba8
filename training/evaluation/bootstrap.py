"""Intervals over problems. Every policy sees the same resamples, so differences are paired."""

from __future__ import annotations

import numpy as np

from compute_router.training.outcomes.outcome_matrix import Floats

__all__ = ["Interval", "Resamples"]

Interval = tuple[float, float]

_DRAWS = 2000
_BLOCK = 250
"""Draws held at once: 10,000 problems are 20 MB of them."""


class Resamples:
    """`draws` resamples of `problems` problems with replacement."""

    def __init__(self, problems: int, seed: int, draws: int = _DRAWS) -> None:
        self._problems, self._seed, self._draws = problems, seed, draws

    def intervals(self, values_PK: Floats, level: float = 0.95) -> list[Interval]:
        """Percentile interval of the mean of each of K columns. A column with a NaN has (NaN, NaN)."""
        tail = (1 - level) / 2
        low, high = np.quantile(self.means(values_PK), [tail, 1 - tail], axis=0)
        return list(zip(low.tolist(), high.tolist(), strict=True))

    def means(self, values_PK: Floats) -> Floats:
        """(draws, K): the mean of each column in each resample."""
        generator = np.random.default_rng(self._seed)
        means = []
        for start in range(0, self._draws, _BLOCK):
            size = (min(_BLOCK, self._draws - start), self._problems)
            drawn = generator.integers(self._problems, size=size, dtype=np.int32)
            drawn += np.arange(len(drawn), dtype=np.int32)[:, None] * self._problems
            counts = np.bincount(drawn.ravel(), minlength=size[0] * size[1]).reshape(size)
            means.append(counts @ values_PK / self._problems)
        return np.concatenate(means)
