from __future__ import annotations

import math
import random

import pytest

from compute_router.difficulty import Ability, PolicyModel, Predictor, calibrate
from compute_router.difficulty.logistic import sigmoid
from compute_router.difficulty.text import Estimate

PRIOR = Ability(0.0, 1.5, "parameters")


def _graded(
    truth: float, count: int, n: int, rng: random.Random, sd: float = 1.0
) -> tuple[list[Estimate], list[int]]:
    problems, right = [], []
    for _ in range(count):
        problem = Estimate(rng.uniform(-3, 3), sd)
        p = sigmoid(truth - rng.gauss(problem.b, problem.sd))
        problems.append(problem)
        right.append(sum(rng.random() < p for _ in range(n)))
    return problems, right


@pytest.mark.parametrize("truth", [-2.0, 0.0, 1.5])
def test_the_true_ability_is_found_within_its_error(truth: float) -> None:
    rng = random.Random(7)
    misses = []
    for _ in range(12):
        problems, right = _graded(truth, 60, 4, rng)
        found = calibrate(problems, right, [4] * 60, PRIOR)
        misses.append((found.value - truth) / found.sd)
    assert abs(sum(misses) / len(misses)) < 1.2
    assert 0.3 < math.sqrt(sum(m * m for m in misses) / len(misses)) < 1.8


def test_more_right_answers_mean_more_ability() -> None:
    problems = [Estimate(0.0, 1.0)] * 10
    found = [calibrate(problems, [k] * 10, [4] * 10, PRIOR).value for k in range(5)]
    assert found == sorted(set(found))


def test_answers_narrow_the_prior_and_other_problems_more_than_the_same_one() -> None:
    one = calibrate([Estimate(0.0, 1.0)], [8], [16], PRIOR)
    many = calibrate([Estimate(0.0, 1.0)] * 16, [1, 0] * 8, [1] * 16, PRIOR)
    assert many.sd < one.sd < PRIOR.sd
    assert many.source == "graded"


def test_no_answers_leave_the_prior() -> None:
    assert calibrate([], [], [], PRIOR) is PRIOR
    assert calibrate([Estimate(0, 1)], [0], [0], PRIOR) is PRIOR


@pytest.mark.parametrize(("right", "n"), [([2], [1]), ([-1], [1]), ([1, 1], [1, 1]), ([], [])])
def test_impossible_counts_are_refused(right: list[int], n: list[int]) -> None:
    with pytest.raises(ValueError, match="calibration needs"):
        calibrate([Estimate(0, 1)], right, n, PRIOR)


def test_a_new_model_learns_from_its_answers(shipped: Predictor) -> None:
    model = PolicyModel("somebody-s-1b", 10**9)
    problems = [f"Compute {i} + {i + 1}." for i in range(30)]
    ability = shipped.calibrate(problems, model, [0] * 30, [4] * 30)
    before, after = (
        shipped.predict(problems, model),
        shipped.with_ability(model.name, ability).predict(problems, model),
    )
    assert ability.sd < shipped.abilities.of(model).sd
    assert all(
        a.distribution.pass_at_1 < b.distribution.pass_at_1 for a, b in zip(after, before, strict=True)
    )
    assert after[0].ability_source == "graded"
