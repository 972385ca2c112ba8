"""Choosing at a price: the incumbent, and what may take its place."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from compute_router.decide.arm_selection import (
    CAUTION,
    CAUTION_CHEAPER,
    ArmSelection,
    arm_values,
    select_arms,
)
from compute_router.decide.price import Price
from compute_router.decide.table import MeasuredRow
from compute_router.errors import InputError, TableError
from support.table_kit import BINS, Figures, arm, measured

Floats = npt.NDArray[np.float64]
SPECS = ("greedy", "majority:n=2", "majority:n=4", "majority:n=8", "majority:n=16")
ROW = TypeAdapter(MeasuredRow)
HOT = np.eye(3)


def row(*arms: dict[str, Any], sd: float = 0.0, **key: Any) -> MeasuredRow:
    return ROW.validate_python(measured("mine", arms, policy_model="m", sd=sd, **key))


figures = st.tuples(st.floats(0, 1), st.floats(1, 10**5))
rows = st.lists(st.sampled_from(SPECS), min_size=1, max_size=5, unique=True).flatmap(
    lambda specs: st.tuples(*(st.builds(arm, st.just(spec), figures, figures, figures) for spec in specs))
)


@st.composite
def bins(draw: st.DrawFn) -> Floats:
    raw = np.array([draw(st.floats(0, 1)) for _ in range(3)]) + 1e-6
    return np.asarray(raw / raw.sum())


def utilities(arms: tuple[dict[str, Any], ...], bins_3: Floats, price: float) -> Floats:
    return np.array(
        [
            sum(
                q * (one[name]["accuracy"] - price * one[name]["tokens"] / 1e3)
                for q, name in zip(bins_3.tolist(), BINS, strict=True)
            )
            for one in arms
        ]
    )


@given(rows, bins(), st.floats(0, 1))
def test_where_gains_are_certain_the_best_arm_is_chosen(
    arms: tuple[dict[str, Any], ...], bins_3: Floats, price: float
) -> None:
    arm_B, accuracy_B, cost_B = select_arms(row(*arms), bins_3[None], Price(price))
    of_A = utilities(arms, bins_3, price)
    assert of_A[arm_B[0]] == pytest.approx(of_A.max(), abs=1e-7)
    assert accuracy_B[0] - price * cost_B[0] / 1e3 == pytest.approx(of_A.max(), abs=1e-7)


@given(rows, bins(), st.floats(0, 1))
def test_where_nothing_is_certain_the_best_fixed_arm_stays(
    arms: tuple[dict[str, Any], ...], bins_3: Floats, price: float
) -> None:
    choice = ArmSelection(row(*arms, sd=1e6), Price(price))
    assert choice.choose(bins_3[None]).tolist() == [choice.incumbent]
    flat_A = utilities(arms, np.full(3, 1 / 3), price)
    assert flat_A[choice.incumbent] == pytest.approx(flat_A.max(), abs=1e-9)


@given(rows, st.lists(bins(), min_size=1, max_size=8), st.floats(0, 1), st.floats(0, 0.3))
def test_a_choice_does_not_depend_on_the_batch(
    arms: tuple[dict[str, Any], ...], bins_B3: list[Floats], price: float, sd: float
) -> None:
    choice = ArmSelection(row(*arms, sd=sd), Price(price))
    together = choice.choose(np.array(bins_B3)).tolist()
    assert together == [int(choice.choose(one[None])[0]) for one in bins_B3]
    assert choice.choose(np.array(bins_B3[::-1])).tolist() == together[::-1]


@pytest.mark.parametrize(("sd", "taken"), [(0.1 / CAUTION - 0.01, True), (0.1 / CAUTION + 0.01, False)])
def test_a_gain_counts_beyond_its_uncertainty(sd: float, taken: bool) -> None:
    """majority:n=4 is better by 0.1 on hard problems alone, and worse on the others."""
    arms = (
        arm("greedy", (0.9, 100.0), (0.5, 100.0), (0.1, 100.0)),
        arm("majority:n=4", (0.7, 100.0), (0.4, 100.0), (0.2, 100.0)),
    )
    chosen = select_arms(row(*arms, sd=sd), HOT, Price(0))[0]
    assert chosen.tolist() == [0, 0, 1 if taken else 0]


CHEAPER = 0.1 / CAUTION_CHEAPER


@pytest.mark.parametrize(("sd", "taken"), [(CHEAPER - 0.01, True), (CHEAPER + 0.01, False)])
def test_a_cheaper_arm_needs_less_of_a_gain(sd: float, taken: bool) -> None:
    """greedy's utility is better by 0.1 on hard problems alone, with what it saves."""
    arms = (
        arm("greedy", (0.5, 100.0), (0.3, 100.0), (0.1, 100.0)),
        arm("majority:n=4", (0.9, 200.0), (0.9, 200.0), (0.1, 200.0)),
    )
    chosen = select_arms(row(*arms, sd=sd), HOT, Price(1.0))[0]
    assert chosen.tolist() == [1, 1, 0 if taken else 1]


def test_of_several_that_beat_the_incumbent_the_best_is_taken() -> None:
    arms = [arm("greedy", (0.5, 100.0), (0.5, 100.0), (0.5, 100.0))]
    arms += [arm(SPECS[k], (0.1, 100.0), (0.1, 100.0), (0.5 + 0.1 * k, 100.0)) for k in (2, 3, 1)]
    assert select_arms(row(*arms), HOT, Price(0))[0].tolist() == [0, 0, 2]


def test_equal_utility_stays_with_the_cheaper_fixed_arm() -> None:
    arms = (arm("majority:n=4", (0.5, 400.0)), arm("greedy", (0.5, 100.0)))
    assert select_arms(row(*arms), HOT, Price(0))[0].tolist() == [1, 1, 1]


def test_a_price_of_flops_counts_the_prm_by_its_size() -> None:
    """best_of_n costs fewer tokens; in FLOPs its PRM of ten times the size makes it the dearer arm."""
    best_of_n = "best_of_n:n=4,select=max,aggregate=last"
    arms = [arm("majority:n=8", (0.5, 800.0)), arm(best_of_n, (0.5, 100.0))]
    for name in BINS:
        arms[1][name]["prm_tokens"] = 200.0
    made = ROW.validate_python(measured("mine", arms, policy_model="m", params=10**9, prm_params=10**10))
    assert select_arms(made, HOT, Price(0.1))[0].tolist() == [1, 1, 1]
    arm_B, _, cost_B = select_arms(made, HOT, Price(0.1, "flops"))
    assert arm_B.tolist() == [0, 0, 0]
    assert cost_B == pytest.approx(2 * 10**9 * 800.0)
    nameless = made.model_copy(update={"params": None, "prm_params": None})
    with pytest.raises(InputError, match="policy model"):
        select_arms(nameless, HOT, Price(0.1, "flops"))
    choice = ArmSelection(nameless, Price(0.1, "flops"), params=10**9, prm_params=10**10)
    assert choice.choose(HOT).tolist() == [0, 0, 0]


def unpriced(accuracy: float) -> Figures:
    return accuracy, None


def test_arms_of_unknown_cost_are_for_a_price_of_0_only() -> None:
    some = row(arm("greedy", (0.5, 100.0)), arm("majority:n=4", unpriced(0.6)))
    assert select_arms(some, HOT, Price(0))[0].tolist() == [1, 1, 1]
    assert select_arms(some, HOT, Price(0.001))[0].tolist() == [0, 0, 0]
    none = row(arm("greedy", unpriced(0.5)), arm("majority:n=4", unpriced(0.6)))
    assert select_arms(none, HOT, Price(0))[0].tolist() == [1, 1, 1]
    with pytest.raises(TableError, match="a price of 0 only"):
        select_arms(none, HOT, Price(0.1))


def test_what_is_not_allowed_is_not_chosen() -> None:
    arms = [arm(SPECS[k], (0.5 + 0.1 * k, 100.0 * k)) for k in range(3)]
    choice = ArmSelection(row(*arms), Price(0))
    allowed_BA = np.array([[True, True, True], [True, True, False], [True, False, False], [False] * 3])
    assert choice.choose(np.repeat(HOT[:1], 4, axis=0), allowed_BA).tolist() == [2, 1, 0, 2]


@given(bins(), st.lists(st.floats(-1, 1), min_size=9, max_size=9))
def test_doubt_is_the_standard_error_of_the_gain(bins_3: Floats, root: list[float]) -> None:
    """q' V q of the whole covariance, what lies off its diagonal included."""
    root_33 = np.array(root).reshape(3, 3)
    covariance_33 = root_33 @ root_33.T
    rated = measured("mine", [arm("greedy", (0.5, 100)), arm("majority:n=2", (0.6, 200))], policy_model="m")
    for incumbent in rated["incumbents"]:
        for one in incumbent["gains"]:
            one[2] = covariance_33[np.triu_indices(3)].tolist()
    _, doubt_BA = ArmSelection(ROW.validate_python(rated), Price(0.0)).gains(bins_3[None])
    assert doubt_BA.max() == pytest.approx(np.sqrt(bins_3 @ covariance_33 @ bins_3), abs=1e-6)


def test_within_an_average_the_incumbent_is_the_best_that_it_pays() -> None:
    arms = [arm(SPECS[k], (0.5 + 0.1 * k, 100.0 * (k + 1))) for k in range(3)]
    for within, incumbent in ((99.0, 0), (100.0, 0), (250.0, 1), (300.0, 2), (10**6, 2)):
        assert ArmSelection(row(*arms), Price(0), within=within).incumbent == incumbent
    unknown = (arm("greedy", (0.5, 100.0)), arm("majority:n=4", unpriced(0.6)))
    assert ArmSelection(row(*unknown), Price(0), within=10**6).incumbent == 0


@given(rows, bins(), st.floats(1, 10**5))
def test_certain_offers_are_what_the_cells_say(
    arms: tuple[dict[str, Any], ...], bins_3: Floats, within: float
) -> None:
    brings_BA, costs_BA = arm_values(row(*arms), bins_3[None], within)
    assert brings_BA[0] == pytest.approx(utilities(arms, bins_3, 0.0), abs=1e-6)
    tokens = [sum(q * one[name]["tokens"] for q, name in zip(bins_3, BINS, strict=True)) for one in arms]
    assert costs_BA[0] == pytest.approx(tokens)


def test_of_an_unsure_arm_only_what_is_sure_is_offered() -> None:
    arms = (arm("greedy", (0.5, 100.0)), arm("majority:n=4", (0.6, 400.0)))
    brings_BA, costs_BA = arm_values(row(*arms, sd=0.1), HOT, 150.0)
    assert brings_BA == pytest.approx(np.array([[0.5, 0.6 - CAUTION * 0.1]] * 3))
    assert costs_BA.tolist() == [[100.0, 400.0]] * 3
    brings_BA, _ = arm_values(row(*arms, sd=0.1), HOT, 400.0)
    assert brings_BA == pytest.approx(np.array([[0.5 - CAUTION * 0.1, 0.6]] * 3))
