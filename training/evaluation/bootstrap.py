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

    def joint_intervals(self, values_PK: Floats, level: float = 0.95) -> list[Interval]:
        """Intervals around the mean of each of K columns that hold for all of them at once: the largest of
        the K deviations, in standard errors, sets their width (max-t, Westfall and Young 1993).
        A column with a NaN has (NaN, NaN) and leaves the others as they are; one of equal values has no
        width."""
        mean_K = values_PK.mean(axis=0)
        deviation_DK = self.means(values_PK) - mean_K
        spread_K = np.ptp(values_PK, axis=0) > 0
        error_K = np.where(spread_K, deviation_DK.std(axis=0), 0.0)
        # Of no column with a spread the largest is 0, and so is every width.
        worst_D = (np.abs(deviation_DK[:, spread_K]) / error_K[spread_K]).max(axis=1, initial=0.0)
        width_K = np.quantile(worst_D, level) * error_K
        return list(zip((mean_K - width_K).tolist(), (mean_K + width_K).tolist(), strict=True))

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
