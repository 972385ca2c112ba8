"""The fitted second stage: total, a distribution whatever comes, and never against the evidence."""

from __future__ import annotations

import math
import time
from itertools import pairwise
from statistics import median
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute_router.difficulty import Distribution, posterior
from compute_router.difficulty.posterior import CELLS, EDGES, POINTS, cells
from compute_router.difficulty.probe import EWENS, Probe

FITTED = Probe(8.0, 2.0, -1.0, 1.5, 0.8, -0.2, (("a PRM", -2.0, 0.5),))
ODD = (None, float("nan"), float("inf"), -float("inf"), -1e308, 1e308, -3.0, 0.0, 0.4, 1.0)

logits = st.tuples(st.floats(-8, 8), st.floats(0.05, 5))
priors = logits.map(lambda z: Distribution.of_logit(*z))
odd_priors = priors | st.sampled_from(
    [
        Distribution(1, 0, 0, 1),
        Distribution(0, 0, 1, 0),
        Distribution(0, 1, 0, 0.3),
        Distribution(0.5, 0, 0.5, 0.5),
    ]
)
votes = st.lists(st.none() | st.integers(-3, 5), max_size=20)


@given(prior=odd_priors, seen=votes, data=st.data())
@settings(max_examples=150, deadline=None)
def test_whatever_comes_it_is_a_distribution(
    prior: Distribution, seen: list[int | None], data: st.DataObject
) -> None:
    odd = st.lists(st.sampled_from(ODD), min_size=len(seen), max_size=len(seen))
    after = FITTED.update(prior, seen, data.draw(odd), data.draw(odd))  # Distribution checks itself
    assert math.isfinite(after.pass_at_1)


@given(prior=odd_priors)
def test_without_samples_the_prior_comes_back(prior: Distribution) -> None:
    assert FITTED.update(prior, []) == prior


@given(prior=odd_priors)
def test_the_intervals_have_the_masses_of_the_bins(prior: Distribution) -> None:
    mass = cells(prior)
    assert len(mass) == CELLS == len(POINTS)
    by_bin = [sum(m for m, p in zip(mass, POINTS, strict=True) if low <= p < high)
              for low, high in ((0.5, 1.0), (0.1, 0.5), (0.0, 0.1))]  # fmt: skip
    assert by_bin == pytest.approx([prior.easy, prior.medium, prior.hard], abs=1e-9)


@given(mean=st.floats(-5, 5), sd=st.floats(0.3, 5))
def test_inside_the_bins_it_is_the_logit_normal_that_the_prior_was_made_of(mean: float, sd: float) -> None:
    from compute_router.difficulty.logistic import logit, upper_tail

    prior = Distribution.of_logit(mean, sd)
    if min(prior.easy, prior.medium, prior.hard) < 1e-3:
        return
    upto = 0.0
    for mass, edge in zip(cells(prior)[:-1], EDGES[1:-1], strict=True):
        upto += mass
        assert upto == pytest.approx(1 - upper_tail(logit(edge), mean, sd), abs=1e-6)


@given(prior=priors, seen=votes)
@settings(max_examples=50, deadline=None)
def test_evidence_that_is_not_there_changes_nothing(prior: Distribution, seen: list[int | None]) -> None:
    nothing = [None] * len(seen)
    nan = [float("nan")] * len(seen)
    bare = FITTED.update(prior, seen)
    assert FITTED.update(prior, seen, nothing, nothing) == bare
    assert FITTED.update(prior, seen, nan, nan) == bare


@given(prior=priors, seen=votes, data=st.data())
@settings(max_examples=50, deadline=None)
def test_neither_order_nor_names_matter(
    prior: Distribution, seen: list[int | None], data: st.DataObject
) -> None:
    values = data.draw(st.lists(st.floats(0, 1), min_size=len(seen), max_size=len(seen)))
    order = data.draw(st.permutations(range(len(seen))))
    other = FITTED.update(
        prior, [None if (v := seen[i]) is None else 9 - v for i in order], [values[i] for i in order]
    )
    assert other.pass_at_1 == pytest.approx(FITTED.update(prior, seen, values).pass_at_1, abs=1e-9)


@given(
    mean=st.floats(-2, 5), sd=st.floats(2, 5), n=st.integers(2, 12),
    lowest=st.floats(3, 40), spread=st.floats(0, 2.5),
)  # fmt: skip
@settings(max_examples=80, deadline=None)
def test_the_more_agree_the_easier(mean: float, sd: float, n: int, lowest: float, spread: float) -> None:
    """Where the prior is as wide as a text's: if pass@1 is known to be below 1 / scatter, two equal answers
    are likelier both wrong than one of two different ones is right. And where no problem's wrong answers
    scatter so little (`lowest` of the three values) that many of them are equal: below 2 it does not hold."""
    probe, prior = Probe(lowest * math.exp(spread), spread), Distribution.of_logit(mean, sd)
    reached = [
        probe.update(prior, [0] * same + list(range(1, n - same + 1))).pass_at_1 for same in range(1, n + 1)
    ]
    assert all(later >= earlier - 1e-9 for earlier, later in pairwise(reached))


@given(prior=priors, n=st.integers(1, 8), low=st.floats(0, 1), high=st.floats(0, 1))
@settings(max_examples=80, deadline=None)
def test_where_all_agree_a_better_value_never_looks_harder(
    prior: Distribution, n: int, low: float, high: float
) -> None:
    low, high = sorted((low, high))
    doubted, believed = (FITTED.update(prior, [0] * n, [value] * n) for value in (low, high))
    assert believed.pass_at_1 >= doubted.pass_at_1 - 1e-9
    assert believed.hard <= doubted.hard + 1e-9


@given(prior=priors, n=st.integers(1, 8))
@settings(max_examples=50, deadline=None)
def test_an_answer_never_looks_harder_than_none(prior: Distribution, n: int) -> None:
    assert FITTED.update(prior, [0] * n).pass_at_1 >= FITTED.update(prior, [None] * n).pass_at_1 - 1e-9


@given(prior=priors, seen=votes)
@settings(max_examples=50, deadline=None)
def test_unfitted_it_is_the_posterior(prior: Distribution, seen: list[int | None]) -> None:
    values = [0.3] * len(seen)
    found, expected = EWENS.update(prior, seen, values), posterior(prior, seen, values)
    assert found.pass_at_1 == pytest.approx(expected.pass_at_1, abs=1e-12)
    assert found.easy == pytest.approx(expected.easy, abs=1e-12)


def test_every_prm_has_its_own_curve_and_an_unknown_one_that_of_all() -> None:
    prior = Distribution.of_logit(0, 2)
    own = FITTED.of("a PRM")
    assert (own.value_shift, own.value_weight) == (-2.0, 0.5)
    assert FITTED.of("another") == FITTED.of(None) == FITTED
    assert own.update(prior, [0], [0.9]) != FITTED.update(prior, [0], [0.9])


@pytest.mark.parametrize(
    "broken",
    [{"scatter": 0.0}, {"scatter": float("nan")}, {"scatter": 5.0, "spread": -1.0},
     {"scatter": 5.0, "value_weight": -0.1}, {"scatter": 5.0, "curves": (("x", float("inf"), 1.0),)}],
)  # fmt: skip
def test_parameters_that_make_no_sense_are_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Probe(**broken)


def test_an_update_takes_well_under_a_millisecond() -> None:
    prior, seen = Distribution.of_logit(0.5, 2.5), [0, 0, 1, None, 0, 2, 3, 0]
    took = []
    for _ in range(200):
        start = time.process_time()
        FITTED.update(prior, seen, [0.7] * 8)
        took.append(time.process_time() - start)
    assert median(took) < 1e-3
