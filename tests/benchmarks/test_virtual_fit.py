"""Constants of the cost model, found again in times that it made."""

from __future__ import annotations

import random

import pytest
from virtual.cost import H100, POLICY, Card, Model, Pace
from virtual.fit import Decode, fit

GRID = [(n, n * tokens) for n in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024) for tokens in (100, 1000)]


def points(pace: Pace, noise: float = 0.0) -> list[Decode]:
    drawn = random.Random(3)
    return [Decode(n, kv, pace.iteration(n, kv) * (1 + drawn.uniform(-noise, noise))) for n, kv in GRID]


def test_the_constants_come_back() -> None:
    truth = Pace(H100, POLICY, 1e-3)
    found = fit(points(truth), POLICY)
    assert max(found.errors_P) < 0.05
    assert found.pace.card.bandwidth == pytest.approx(H100.bandwidth, rel=0.05)
    assert found.pace.overhead_s == pytest.approx(1e-3, rel=0.1)


def test_compute_binds_where_memory_is_fast() -> None:
    card = Card("slow", bandwidth=1e13, flops=1e13, memory=0)
    found = fit(points(Pace(card, POLICY, 1e-4)), POLICY)
    assert found.pace.card.flops == pytest.approx(1e13, rel=0.1)


def test_noise_becomes_the_error_that_is_told() -> None:
    assert fit(points(Pace(H100, POLICY, 1e-3), noise=0.2), POLICY).median_error == pytest.approx(
        0.1, abs=0.08
    )


def test_a_server_whose_overhead_is_all() -> None:
    """A tiny model on a CPU."""
    tiny = Model("tiny", 1e5, 256)
    found = fit([Decode(n, kv, 0.02) for n, kv in GRID], tiny)
    assert found.pace.overhead_s == pytest.approx(0.02, rel=0.05)
    assert max(found.errors_P) < 0.05


def test_too_few_points_are_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        fit(points(Pace(H100, POLICY, 1e-3))[:5], POLICY)
