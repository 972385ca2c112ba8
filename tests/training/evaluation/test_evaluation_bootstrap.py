"""Intervals cover, are paired, and repeat."""

from __future__ import annotations

import numpy as np

from compute_router.training.evaluation.bootstrap import Resamples


def test_intervals_cover_the_mean() -> None:
    rng = np.random.default_rng(0)
    columns = rng.normal(0.3, 0.5, size=(80, 400))
    covered = [low <= 0.3 <= high for low, high in Resamples(80, 1, draws=1000).intervals(columns)]
    assert 0.90 <= np.mean(covered) <= 0.98


def test_the_same_resamples_for_every_column() -> None:
    values = np.random.default_rng(1).random(50)
    pair = np.column_stack([values, values + 1.0, np.full(50, 0.25)])
    first, shifted, constant = Resamples(50, 3).intervals(pair)
    assert np.allclose(np.array(first) + 1, shifted)
    assert constant == (0.25, 0.25)
    assert Resamples(50, 3).intervals(pair)[0] == first != Resamples(50, 4).intervals(pair)[0]


def test_a_column_with_unknowns_has_no_interval_and_spoils_no_other() -> None:
    values = np.column_stack([[np.nan, 1.0, 2.0], [1.0, 1.0, 1.0]])
    unknown, known = Resamples(3, 0).intervals(values)
    assert np.isnan(unknown).all()
    assert known == (1.0, 1.0)
