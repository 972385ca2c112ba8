"""Looks and the fit: the arrays say what `Probe.update` says, and a known truth is found again."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from probe_kit import drawn, problem

from compute_router.difficulty import Distribution
from compute_router.difficulty.posterior import POINTS, cells
from compute_router.difficulty.probe import Probe
from research.probe.fit_probe import After, after, fit, loss
from research.probe.subsample_likelihood import MOST, looks

FITTED = Probe(8.0, 2.0, -1.0, 1.5, 0.8, -0.2, (("a PRM", -0.5, 0.5),))
PRIOR = Distribution.of_logit(0.3, 2.2)


def test_every_subset_is_looked_at_and_never_part_of_the_target() -> None:
    some = [problem("a", ["yes", "yes", "no", None, "no"]), problem("b", ["yes", "no"])]
    found = looks(some, 2)
    assert set(found.problem_L) == {0}  # b has no other sample
    assert found.share_L.sum() == pytest.approx(1)
    seen = [subset for group in found.subsets_L for subset in group]
    assert sorted(seen) == sorted(set(seen))
    assert len(seen) == math.comb(5, 2)
    for group, right, rest in zip(found.subsets_L, found.rest_right_L, found.rest_L, strict=True):
        for subset in group:
            assert right == sum(some[0].right_N[i] for i in range(5) if i not in subset)
            assert rest == 3


def test_of_very_many_subsets_some_are_drawn_the_same_each_time() -> None:
    many = [problem("a", ["yes" if i % 2 else f"no {i}" for i in range(24)])]
    found = looks(many, 6)
    assert sum(map(len, found.subsets_L)) <= MOST
    assert found.subsets_L == looks(many, 6).subsets_L


@pytest.mark.parametrize("kind", ["bare", "values", "logprobs"])
def test_the_arrays_say_what_the_probe_says(kind: str) -> None:
    rng = random.Random(3)
    answers = [rng.choice(["yes", "no", "never", None]) for _ in range(7)]
    values = [rng.random() for _ in answers] if kind == "values" else None
    logprobs = [-rng.random() for _ in answers] if kind == "logprobs" else None
    one = problem("a", answers, values=values, logprobs=logprobs)
    for k in (1, 3):
        found = looks([one], k)
        seen = After(found, np.tile(cells(PRIOR), (len(found.share_L), 1)), one.prm)
        given = after(FITTED, seen)
        for row, subsets in enumerate(found.subsets_L):
            expected = FITTED.of(one.prm).update(
                PRIOR,
                [one.paths_N[i].group for i in subsets[0]],
                [one.values_N[i] for i in subsets[0]],
                [one.paths_N[i].logprob for i in subsets[0]],
            )
            assert given[row] @ np.array(POINTS) == pytest.approx(expected.pass_at_1, abs=1e-9)
            assert given[row][-12:].sum() == pytest.approx(expected.easy, abs=1e-9)


def simulated(count: int, scatter: float, *, prm: float | None = None) -> list[After]:
    """Problems from the prior itself."""
    rng = random.Random(7)
    mass = cells(PRIOR)
    points = rng.choices(POINTS, mass, k=count)
    some = [drawn(str(i), p, 8, scatter, rng, prm=prm) for i, p in enumerate(points)]
    found = [looks(some, k) for k in (2, 4)]
    return [
        After(one, np.tile(mass, (len(one.share_L), 1)), None if prm is None else "a PRM", 0.5)
        for one in found
    ]


@pytest.mark.slow
@pytest.mark.parametrize("scatter", [2.0, 20.0])
def test_a_known_scatter_is_found_again(scatter: float) -> None:
    found = fit(simulated(700, scatter))
    middle = math.exp(np.mean(np.log(found.scatters)))
    assert scatter / 2.5 < middle < scatter * 2.5
    assert found.curves == ()
    assert found.logprob_weight == 0


@pytest.mark.slow
def test_a_known_curve_is_found_again_and_pays() -> None:
    seen = simulated(250, 8.0, prm=2.0)
    found = fit(seen)
    [(name, shift, weight)] = found.curves
    assert name == "a PRM"
    assert shift == pytest.approx(-1.0, abs=0.5)
    assert weight == pytest.approx(2.0, rel=0.35)
    for one in seen:
        deaf = Probe(found.scatter, found.spread, 0.0, 0.0)
        share = one.looks.share_L
        assert share @ loss(after(found, one), one) < share @ loss(after(deaf, one), one)


def test_log_probabilities_that_mean_nothing_are_not_listened_to() -> None:
    rng = random.Random(5)
    some = [
        problem(str(i), ["yes" if rng.random() < 0.5 else f"no {j}" for j in range(5)],
                logprobs=[-rng.random() for _ in range(5)])
        for i in range(60)
    ]  # fmt: skip
    found = looks(some, 2)
    seen = After(found, np.tile(cells(PRIOR), (len(found.share_L), 1)))
    assert fit([seen]).logprob_weight == 0


def test_the_fit_is_deterministic() -> None:
    assert fit(simulated(40, 5.0)) == fit(simulated(40, 5.0))
