"""The paper's rule on the arms that there are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from compute_router.policies import STRATEGIES, make
from compute_router.training.evaluation.paper import labels, nearest_arm, paper_rule
from compute_router.training.outcomes.outcome_matrix import OutcomeMatrix
from support.evaluation_kit import simulated

ARMS = (
    "greedy",
    "best_of_n:n=4,select=weighted,aggregate=min",
    "best_of_n:n=16,select=max,aggregate=min",
    "best_of_n:n=16,select=weighted,aggregate=min",
    "beam:n=4,m=4",
    "beam:n=16,m=4",
    "dvts:n=16,m=4",
)
RIGHT = [(0.5, 0.5, 0.5)] * len(ARMS)


def _matrix(params: int | None, arms: tuple[str, ...] = ARMS) -> OutcomeMatrix:
    matrix, _ = simulated(9, RIGHT[: len(arms)], [100.0] * len(arms), arms)
    return replace(matrix, params=params)


def _arms(params: int | None, arms: tuple[str, ...] = ARMS) -> list[str]:
    return [arms[at] for at in paper_rule(_matrix(params, arms)).arm_B]


def test_each_size_class_has_its_strategies_at_the_largest_n() -> None:
    best, beam, dvts = ARMS[3], ARMS[5], ARMS[6]
    assert _arms(10**9) == [best, beam, beam]
    assert _arms(14 * 10**9) == [dvts, dvts, beam]
    assert _arms(72 * 10**9) == [best, best, best]
    assert paper_rule(_matrix(10**9)).notes == ()


def test_what_is_missing_is_replaced_by_the_nearest_and_said() -> None:
    arms = ("greedy", "majority:n=8", "rebase:n=8")
    rule = paper_rule(_matrix(10**9, arms))
    assert [arms[at] for at in rule.arm_B] == ["majority:n=8", "rebase:n=8", "rebase:n=8"]
    assert len(rule.notes) == 3
    assert "best_of_n" in rule.notes[0]
    assert "majority:n=8" in rule.notes[0]


@pytest.mark.parametrize("name", STRATEGIES)
def test_any_strategy_can_stand_in(name: str) -> None:
    for size in (10**9, 14 * 10**9, 72 * 10**9):
        assert _arms(size, ("another system's", name)) == [name] * 3


def test_an_unknown_size_and_names_of_other_systems_are_said() -> None:
    rule = paper_rule(_matrix(None, ("adaptive", "fixed_8")))
    assert "size" in rule.notes[0]
    assert len(rule.notes) == 4


def test_of_equal_bins_the_harder() -> None:
    bins = np.array([[0.4, 0.2, 0.4], [0.4, 0.4, 0.2], [0.5, 0.3, 0.2], [1 / 3, 1 / 3, 1 / 3]])
    assert labels(bins).tolist() == [2, 1, 0, 2]


def test_of_arms_that_select_alike_the_plain_one_stands_for_the_rule() -> None:
    wanted = "best_of_n:n=16,select=weighted,aggregate=last"
    early = (
        "best_of_n:n=16,first=greedy,prune=0.1,backtrack=2,stop=0.8,accept=0.7,select=weighted,aggregate=last"
    )
    for arms in ((early, wanted), (wanted, early)):
        assert arms[nearest_arm(_matrix(None, arms), make(wanted))] == wanted
