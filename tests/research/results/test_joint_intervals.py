"""Intervals that hold for all figures at once."""

from __future__ import annotations

import numpy as np

from compute_router.training.evaluation.bootstrap import Resamples
from research.results.joint_intervals import joint_intervals


def test_joint_intervals_cover_all_means_at_once() -> None:
    rng = np.random.default_rng(2)
    # Eight figures a run, in pairs that go together, of unlike sizes.
    scale = np.array([1, 1, 20, 20, 0.1, 0.1, 5, 5])
    held = {"one by one": 0, "jointly": 0}
    for run in range(200):
        pairs = np.repeat(rng.normal(size=(60, 4)), 2, axis=1) + rng.normal(size=(60, 8))
        resamples = Resamples(60, run, draws=500)
        for name, intervals in (
            ("one by one", resamples.intervals(pairs * scale)),
            ("jointly", joint_intervals(resamples, pairs * scale)),
        ):
            held[name] += all(low <= 0 <= high for low, high in intervals)
    assert held["one by one"] < 170
    assert 178 <= held["jointly"] < 200


def test_joint_intervals_of_one_figure_are_as_wide_as_its_own() -> None:
    values = np.random.default_rng(3).normal(1.0, 2.0, size=(400, 1))
    [[low, high]] = Resamples(400, 0).intervals(values)
    [[least, most]] = joint_intervals(Resamples(400, 0), values)
    assert abs(least - low) < 0.02
    assert abs(most - high) < 0.02


def test_joint_intervals_pass_over_columns_without_a_spread_or_with_unknowns() -> None:
    spread = np.random.default_rng(4).normal(size=50)
    constant, unknown = np.full(50, 0.1), np.where(np.arange(50) == 7, np.nan, spread)
    alone = joint_intervals(Resamples(50, 5), spread[:, None])
    some = joint_intervals(Resamples(50, 5), np.column_stack([spread, constant, unknown]))
    assert np.allclose(some[0], alone[0])
    assert some[1][0] == some[1][1]
    assert np.allclose(some[1], 0.1)
    assert np.isnan(some[2]).all()
    assert joint_intervals(Resamples(50, 5), np.zeros((50, 1))) == [(0.0, 0.0)]
