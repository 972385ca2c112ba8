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
            ("jointly", resamples.joint_intervals(pairs * scale)),
        ):
            held[name] += all(low <= 0 <= high for low, high in intervals)
    assert held["one by one"] < 170
    assert 178 <= held["jointly"] < 200


def test_joint_intervals_of_one_figure_are_as_wide_as_its_own() -> None:
    values = np.random.default_rng(3).normal(1.0, 2.0, size=(400, 1))
    [[low, high]] = Resamples(400, 0).intervals(values)
    [[least, most]] = Resamples(400, 0).joint_intervals(values)
    assert abs(least - low) < 0.02
    assert abs(most - high) < 0.02


def test_joint_intervals_pass_over_columns_without_a_spread_or_with_unknowns() -> None:
    spread = np.random.default_rng(4).normal(size=50)
    constant, unknown = np.full(50, 0.1), np.where(np.arange(50) == 7, np.nan, spread)
    alone = Resamples(50, 5).joint_intervals(spread[:, None])
    some = Resamples(50, 5).joint_intervals(np.column_stack([spread, constant, unknown]))
    assert np.allclose(some[0], alone[0])
    assert some[1][0] == some[1][1]
    assert np.allclose(some[1], 0.1)
    assert np.isnan(some[2]).all()
    assert Resamples(50, 5).joint_intervals(np.zeros((50, 1))) == [(0.0, 0.0)]
