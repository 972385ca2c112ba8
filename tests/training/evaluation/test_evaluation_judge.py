"""Policies on simulated matrices whose truth is known, and utilities by hand."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import orjson
import pytest

from compute_router.decide.price import Price
from compute_router.errors import InputError
from compute_router.training.evaluation.crossfit import crossfit
from compute_router.training.evaluation.folds import folds, identities
from compute_router.training.evaluation.json_report import document
from compute_router.training.evaluation.judge import PRICES, Section, judge
from compute_router.training.evaluation.policy_outcomes import Outcomes
from compute_router.training.evaluation.rivals import (
    best,
    best_fixed_train,
    oracle_bin,
    oracle_problem,
    true_bins,
)
from compute_router.training.outcomes.outcome_matrix import Floats, Ints, OutcomeMatrix
from support.evaluation_kit import ARMS, knows, one_hot, simulated

TOKENS = [Price(value) for value in PRICES]


def _judged(matrix: OutcomeMatrix, bin_P: Ints, prices: list[Price] | None = None, seed: int = 0) -> Section:
    fold_P = folds(identities(matrix), 5, seed)
    contest = crossfit(matrix, fold_P, knows(bin_P, fold_P), seed)
    return judge(contest, TOKENS if prices is None else prices, seed)


@pytest.fixture(scope="module")
def crossing() -> Section:
    """The costs differ, so that the price matters."""
    matrix, bin_P = simulated(tokens=(200.0, 1500.0))
    return _judged(matrix, bin_P)


def test_no_policy_is_above_the_oracle_by_problem(crossing: Section) -> None:
    for judged in crossing.judged:
        top = judged.policies["oracle_problem"].utility
        everyone = [*judged.policies.values(), *judged.arms.values()]
        assert all(one.utility <= top + 1e-12 for one in everyone)
        assert (
            judged.policies["oracle_bin"].utility >= max(one.utility for one in judged.arms.values()) - 1e-12
        )
        assert judged.regret == pytest.approx(top - judged.policies["router"].utility)


def test_with_perfect_bins_and_arms_that_cross_the_router_is_the_oracle_by_bin() -> None:
    matrix, bin_P = simulated()
    for judged in _judged(matrix, bin_P).judged:
        start = judged.policies["best_fixed_train"].utility
        gap = judged.policies["oracle_bin"].utility - start
        assert gap > 0.05
        assert judged.difference > 0.9 * gap
        assert judged.difference_interval[0] > 0
        top = judged.policies["oracle_problem"].utility
        assert judged.gap_closed == pytest.approx(judged.difference / (top - start))


def test_where_nothing_interacts_the_router_is_the_best_fixed_arm() -> None:
    matrix, bin_P = simulated(right=((0.8, 0.4, 0.2), (0.9, 0.5, 0.3)), tokens=(400.0, 300.0))
    for judged in _judged(matrix, bin_P).judged:
        assert judged.difference == pytest.approx(0, abs=0.003)
        assert judged.used == {ARMS[1]: pytest.approx(1, abs=0.05)} or judged.used[ARMS[1]] > 0.95


def test_equal_arms_leave_no_gap() -> None:
    matrix, bin_P = simulated(200)
    same = replace(matrix, accuracy_PA=np.repeat(matrix.accuracy_PA[:, :1], 2, axis=1))
    judged = _judged(same, bin_P, [Price(0)]).judged[0]
    assert judged.gap_closed is None
    assert judged.difference == 0
    # Of equal arms the cheaper: the second has 100 PRM tokens more.
    assert judged.policies["oracle_problem"].prm_tokens == 0


@dataclass(frozen=True)
class Given:
    """Choices written down."""

    matrix: OutcomeMatrix
    bins_P3: Floats
    mode: str = "given"
    notes: tuple[str, ...] = ()

    def router(self, price: Price) -> Ints:
        return np.array([0, 1, 1])

    def best_fixed(self, price: Price) -> Ints:
        return np.array([1, 1, 1])


def _tiny() -> OutcomeMatrix:
    return OutcomeMatrix(
        policy_model="m",
        params=10**9,
        prm="p",
        prm_params=3 * 10**9,
        problems_P=("a", "b", "c"),
        texts_P=("A", "B", "C"),
        arms_A=("majority:n=1", "beam:n=4,m=2"),
        accuracy_PA=np.array([[1.0, 0.0], [0.0, 0.5], [0.25, 1.0]]),
        tokens_PA=np.array([[100.0, 400.0], [200.0, 500.0], [300.0, 600.0]]),
        prm_tokens_PA=np.array([[0.0, 100.0], [0.0, 100.0], [0.0, 100.0]]),
        right_P=np.array([4.0, 0.0, 1.0]),
        samples_P=np.array([4.0, 4.0, 4.0]),
    )


def test_utilities_by_hand() -> None:
    matrix = _tiny()
    section = judge(Given(matrix, one_hot(np.array([0, 2, 1]))), [Price(0.1), Price(0.05, "flops")], 0)
    router = section.judged[0].policies["router"]
    assert router.accuracy == pytest.approx((1 + 0.5 + 1) / 3)
    assert router.tokens == pytest.approx((100 + 500 + 600) / 3)
    assert router.prm_tokens == pytest.approx(200 / 3)
    assert router.flops == pytest.approx(2 * (1e9 * 400 + 3e9 * 200 / 3))
    assert router.utility == pytest.approx(2.5 / 3 - 0.1 * (400 + 200 / 3) / 1000)
    fixed = section.judged[0].policies["best_fixed_train"]
    assert fixed == section.judged[0].arms["beam:n=4,m=2"]
    assert section.judged[0].difference == pytest.approx(router.utility - fixed.utility)
    by_flops = section.judged[1].policies["router"]
    assert by_flops.utility == pytest.approx(2.5 / 3 - 0.05 * by_flops.flops / 1e12)
    # easy: the first arm, hard and medium: the second, as measured.
    assert section.judged[0].policies["oracle_bin"].accuracy == pytest.approx(2.5 / 3)
    assert section.judged[0].used == {
        "majority:n=1": pytest.approx(1 / 3),
        "beam:n=4,m=2": pytest.approx(2 / 3),
    }


def test_flops_without_sizes_are_unknown_not_free() -> None:
    matrix = replace(_tiny(), prm_params=None)
    flops = Outcomes.of(matrix).flops
    assert np.isnan(flops[:, 1]).all()
    assert not np.isnan(flops[:, 0]).any()  # it has no PRM tokens
    assert np.isnan(Outcomes.of(replace(matrix, params=None)).flops).all()
    section = judge(Given(matrix, one_hot(np.array([0, 2, 1]))), [Price(0)], 0)
    shown = document([section])["prices"]["0"]
    assert shown["router"]["flops"] is None
    assert shown["router"]["intervals"]["flops"] is None
    assert shown["arms"]["majority:n=1"]["flops"] == pytest.approx(2e9 * 200)


def test_without_counts_only_price_0_is_judged() -> None:
    matrix, bin_P = simulated(300)
    uncounted = replace(matrix, tokens_PA=np.full(matrix.tokens_PA.shape, np.nan))
    section = _judged(uncounted, bin_P)
    assert [one.price.value for one in section.judged] == [0]
    assert [price.value for price in section.skipped] == [0.01, 0.03, 0.1]
    assert section.curve == ()
    shown = document([section])
    assert shown["prices"]["0"]["router"]["tokens"] is None
    assert orjson.loads(orjson.dumps(shown)) == shown


def test_only_common_problems_are_compared() -> None:
    matrix, bin_P = simulated(400)
    accuracy = matrix.accuracy_PA.copy()
    accuracy[:100, 1] = np.nan
    accuracy[0:50, 0] = 1.0
    common = replace(matrix, accuracy_PA=accuracy).comparable()
    section = _judged(common, bin_P[100:])
    assert len(section.matrix.problems_P) == 300
    assert section.judged[0].arms[ARMS[0]].accuracy == pytest.approx(accuracy[100:, 0].mean())


def test_the_document_has_every_key(crossing: Section) -> None:
    small = replace(crossing, matrix=crossing.matrix.rows(np.arange(10)))
    shown = document([small, crossing])
    assert list(shown["prices"]) == ["0", "0.01", "0.03", "0.1"]
    assert shown["matrices"][0]["problems"] == len(crossing.matrix.problems_P)
    for judged in shown["prices"].values():
        policies = ("router", "paper_rule", "best_fixed_train", "oracle_bin", "oracle_problem")
        assert {*policies, "arms", "gap_closed", "regret", "difference", "difference_interval"} <= set(judged)
        assert set(judged["arms"]) == set(ARMS)
        for one in (*(judged[name] for name in policies), *judged["arms"].values()):
            assert {"accuracy", "tokens", "prm_tokens", "flops", "utility", "interval"} <= set(one)
            assert one["interval"][0] <= one["utility"] <= one["interval"][1]
    assert set(shown["matrices"][0]["efficiency_gain"]) == {"policy", "policy_prm"}


def test_the_best_fixed_arm_is_that_of_the_other_folds() -> None:
    utility = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.6]])
    chosen = best_fixed_train(utility, np.ones((4, 2)), np.array([0, 0, 1, 1]))
    assert chosen.tolist() == [1, 1, 0, 0]


def test_oracles_by_hand() -> None:
    utility = np.array([[1.0, 0.0], [0.4, 0.5], [0.2, 0.2]])
    cost = np.array([[5.0, 1.0], [5.0, 1.0], [5.0, 1.0]])
    assert oracle_problem(utility, cost).tolist() == [0, 1, 1]
    assert oracle_bin(utility, cost, np.array([0, 0, 2])).tolist() == [0, 0, 1]
    assert best(np.array([0.5, 0.5]), np.array([np.nan, np.nan])) == 0


def test_true_bins_come_from_samples_else_from_the_cheapest_arm() -> None:
    matrix = _tiny()
    assert true_bins(matrix).tolist() == [0, 2, 1]
    mute = replace(matrix, samples_P=np.zeros(3), right_P=np.zeros(3))
    assert true_bins(mute).tolist() == [0, 2, 1]
    uncounted = replace(mute, tokens_PA=np.full((3, 2), math.nan))
    assert true_bins(uncounted).tolist() == [0, 2, 1]  # by n of the spec


def test_a_curve_goes_down_with_the_price(crossing: Section) -> None:
    tokens = [point.tokens for point in crossing.curve]
    assert tokens[0] > tokens[-1] == 200
    assert crossing.frontier[0].tokens == 200
    assert {point.tokens for point in crossing.frontier} <= {200.0, 1600.0}


def test_one_price_is_one_key() -> None:
    matrix, bin_P = simulated(200)
    assert list(document([_judged(matrix, bin_P, [Price(0.05)])])["prices"]) == ["0.05"]


def test_a_negative_price_is_refused() -> None:
    with pytest.raises(InputError):
        Price(-1)
