"""The efficiency gain, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from compute_router.training.evaluation.gain import Point, efficiency_gain, reach
from compute_router.training.evaluation.policy_outcomes import Outcomes
from support.evaluation_kit import simulated


def test_the_curve_is_interpolated() -> None:
    curve = [(100.0, 0.4), (200.0, 0.6), (400.0, 0.7)]
    assert reach(curve, 0.5) == (150.0, False)
    assert reach(curve, 0.7) == (400.0, False)
    assert reach(curve, 0.3) == (100.0, True)
    assert reach(curve, 0.8) == (None, False)


def test_against_the_peak_of_majority_voting_not_its_end() -> None:
    arms = ("majority:n=4", "majority:n=8", "majority:n=16", "beam:n=4,m=2")
    matrix, _ = simulated(100, [(0, 0, 0)] * 4, (100.0, 200.0, 400.0, 50.0), arms)
    right = np.array([0.4, 0.6, 0.6, 0.7])
    matrix = replace(matrix, accuracy_PA=np.tile(right, (100, 1)), prm_tokens_PA=np.zeros((100, 4)))
    outcomes = Outcomes.of(matrix)
    curve = [Point(0.1, 0.5, 20.0, 40.0, 0.0), Point(0.0, 0.7, 60.0, 80.0, 0.0)]
    gains = efficiency_gain(matrix, outcomes, curve)
    assert gains["policy"].majority == "majority:n=8"
    assert gains["policy"].gain == pytest.approx(200 / 40)
    assert gains["policy_prm"].gain == pytest.approx(200 / 60)
    above = efficiency_gain(matrix, outcomes, curve[1:])["policy"]
    assert (above.gain, above.at_least) == (pytest.approx(200 / 60), True)
    below = efficiency_gain(matrix, outcomes, curve[:1])["policy"]
    assert (below.gain, below.at_least) == (None, False)


def test_no_gain_without_votes_or_counts() -> None:
    matrix, _ = simulated(10, arms=("beam:n=4,m=2", "dvts:n=4,m=2"))
    assert efficiency_gain(matrix, Outcomes.of(matrix), [Point(0, 1, 1, 1, 1)]) == {}
    matrix, _ = simulated(10)
    assert efficiency_gain(matrix, Outcomes.of(matrix), []) == {}
