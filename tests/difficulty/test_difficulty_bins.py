from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compute_router.difficulty import Distribution, bin_of
from compute_router.difficulty.logistic import NODES, expected_sigmoid, sigmoid

means = st.floats(-40, 40)
sds = st.floats(0, 8)


def test_the_ranges_are_those_of_the_paper() -> None:
    assert [bin_of(p) for p in (1.0, 0.5, 0.49, 0.1, 0.09, 0.0)] == [
        "easy",
        "easy",
        "medium",
        "medium",
        "hard",
        "hard",
    ]
    for outside in (-0.01, 1.01, float("nan")):
        with pytest.raises(ValueError, match="pass@1"):
            bin_of(outside)


@given(means, sds)
def test_every_normal_logit_is_a_distribution(mean: float, sd: float) -> None:
    d = Distribution.of_logit(mean, sd)
    assert d.easy + d.medium + d.hard == pytest.approx(1)
    assert min(d.easy, d.medium, d.hard) >= 0
    assert getattr(d, d.label) == max(d.easy, d.medium, d.hard)


@given(means)
def test_without_uncertainty_the_bin_is_that_of_the_pass_rate(mean: float) -> None:
    d = Distribution.of_logit(mean, 0)
    assert d.label == bin_of(d.pass_at_1) or min(abs(mean), abs(mean + 2.1972)) < 1e-3
    assert d.pass_at_1 == pytest.approx(sigmoid(mean))


@given(means, st.floats(0, 5), sds)
def test_a_higher_mean_is_never_worse(mean: float, more: float, sd: float) -> None:
    low, high = Distribution.of_logit(mean, sd), Distribution.of_logit(mean + more, sd)
    assert high.pass_at_1 >= low.pass_at_1 - 1e-12
    assert high.easy >= low.easy - 1e-12
    assert high.hard <= low.hard + 1e-12


def test_the_integrals_agree_with_sampling() -> None:
    rng = random.Random(1)
    mean, sd, n = -0.8, 2.0, 40_000
    draws = [sigmoid(rng.gauss(mean, sd)) for _ in range(n)]
    d = Distribution.of_logit(mean, sd)
    assert d.pass_at_1 == pytest.approx(sum(draws) / n, abs=0.01)
    assert d.easy == pytest.approx(sum(p >= 0.5 for p in draws) / n, abs=0.01)
    assert d.hard == pytest.approx(sum(p < 0.1 for p in draws) / n, abs=0.01)
    assert expected_sigmoid(0, 3) == pytest.approx(0.5)


@given(st.floats(-1e6, 1e6) | means, st.floats(0, 1e6) | sds)
def test_the_expected_pass_rate_is_the_sum_over_the_nodes(mean: float, sd: float) -> None:
    by_node = math.fsum(weight * sigmoid(mean + sd * z) for z, weight in NODES)
    assert expected_sigmoid(mean, sd) == pytest.approx(by_node, abs=1e-14, rel=1e-12)


def test_equal_bins_go_to_the_harder_one() -> None:
    assert Distribution(0.5, 0.0, 0.5, 0.5).label == "hard"
    assert Distribution(0.4, 0.4, 0.2, 0.5).label == "medium"


@pytest.mark.parametrize(
    "bins", [(0.5, 0.5, 0.5, 0.5), (1.5, -0.5, 0, 0.5), (1, 0, 0, 2), (float("nan"), 0, 1, 0)]
)
def test_what_is_no_distribution_is_refused(bins: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match=r"sum to 1|lies in"):
        Distribution(*bins)
