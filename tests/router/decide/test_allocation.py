"""The concave frontier and the allocation of an average budget, against brute force."""

from __future__ import annotations

from itertools import combinations, pairwise, product

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from compute_router.decide.allocation import allocate, frontier

Floats = npt.NDArray[np.float64]

# Small whole numbers, so that equal costs, equal slopes and arms in one line do occur.
costs = st.integers(1, 12).map(float)
rights = st.integers(0, 10).map(lambda tenths: tenths / 10)


@st.composite
def workloads(draw: st.DrawFn, problems: int = 4, arms: int = 4) -> tuple[Floats, Floats]:
    shape = draw(st.integers(1, problems)), draw(st.integers(1, arms))
    many = shape[0] * shape[1]
    return (
        np.array(draw(st.lists(rights, min_size=many, max_size=many))).reshape(shape),
        np.array(draw(st.lists(costs, min_size=many, max_size=many))).reshape(shape),
    )


def best_share(accuracy_A: Floats, cost_A: Floats, budget: float) -> float:
    """The highest accuracy of a mixture of two arms within the budget: what the frontier is by definition."""
    best = max((a for a, c in zip(accuracy_A, cost_A, strict=True) if c <= budget), default=-np.inf)
    for i, j in combinations(range(len(cost_A)), 2):
        low, high = sorted((i, j), key=lambda k: cost_A[k])
        if cost_A[low] < budget < cost_A[high]:
            part = (budget - cost_A[low]) / (cost_A[high] - cost_A[low])
            best = max(best, (1 - part) * accuracy_A[low] + part * accuracy_A[high])
    return float(best)


@given(workloads(problems=3, arms=6))
def test_the_frontier_is_the_exact_concave_hull(workload: tuple[Floats, Floats]) -> None:
    accuracy_BA, cost_BA = workload
    arm_BK, length_B = frontier(accuracy_BA, cost_BA)
    for accuracy_A, cost_A, arm_K, length in zip(accuracy_BA, cost_BA, arm_BK, length_B, strict=True):
        at = arm_K[:length]
        assert (arm_K[length:] == -1).all()
        assert cost_A[at[0]] == cost_A.min()
        assert accuracy_A[at[-1]] == accuracy_A.max()
        slopes = np.diff(accuracy_A[at]) / np.diff(cost_A[at])
        assert (np.diff(cost_A[at]) > 0).all()
        assert (slopes > 0).all()
        assert (np.diff(slopes) < 0).all()
        for budget in np.linspace(cost_A.min(), cost_A.max(), 23):
            expected = best_share(accuracy_A, cost_A, budget)
            assert np.interp(budget, cost_A[at], accuracy_A[at]) == pytest.approx(expected, abs=1e-9)


@given(workloads(), st.floats(1, 13))
def test_the_optimum_is_that_of_the_linear_program(workload: tuple[Floats, Floats], budget: float) -> None:
    accuracy_BA, cost_BA = workload
    many, arms = cost_BA.shape
    found = allocate(accuracy_BA, cost_BA, budget)
    assert found.fits == (cost_BA.min(axis=1).sum() <= budget * many)
    if not found.fits:
        assert found.cost == pytest.approx(cost_BA.min(axis=1).mean())
        return
    solved = linprog(
        -accuracy_BA.ravel(),
        A_ub=cost_BA.reshape(1, -1),
        b_ub=[budget * many],
        A_eq=np.kron(np.eye(many), np.ones(arms)),
        b_eq=np.ones(many),
        bounds=(0, 1),
    )
    assert found.optimum == pytest.approx(-solved.fun / many, abs=1e-7)
    assert found.cost <= budget + 1e-9
    rows = np.arange(many)
    assert found.cost == pytest.approx(cost_BA[rows, found.arm_B].mean())
    assert found.accuracy == pytest.approx(accuracy_BA[rows, found.arm_B].mean())


@given(workloads(), st.floats(1, 13))
def test_at_most_one_problem_is_split(workload: tuple[Floats, Floats], budget: float) -> None:
    accuracy_BA, cost_BA = workload
    found = allocate(accuracy_BA, cost_BA, budget)
    if found.split is None:
        assert found.accuracy == pytest.approx(found.optimum)
        return
    at, arm = found.split.problem, found.split.arm
    assert 0 < found.split.share < 1
    step = accuracy_BA[at, arm] - accuracy_BA[at, found.arm_B[at]]
    assert found.optimum - found.accuracy == pytest.approx(found.split.share * step / len(cost_BA))


@given(workloads(problems=3, arms=3))
def test_where_nothing_is_split_no_whole_allocation_is_better(workload: tuple[Floats, Floats]) -> None:
    accuracy_BA, cost_BA = workload
    many, arms = cost_BA.shape
    rows = np.arange(many)
    every = [np.array(arm_B) for arm_B in product(range(arms), repeat=many)]
    for budget in sorted({float(cost_BA[rows, arm_B].mean()) for arm_B in every}):
        found = allocate(accuracy_BA, cost_BA, budget)
        if not found.fits or found.split is not None:
            continue
        within = [arm_B for arm_B in every if cost_BA[rows, arm_B].mean() <= budget + 1e-9]
        best = max(accuracy_BA[rows, arm_B].mean() for arm_B in within)
        assert found.accuracy == pytest.approx(best)


@given(workloads(), st.lists(st.floats(1, 13), min_size=2, max_size=6))
def test_more_budget_never_buys_less(workload: tuple[Floats, Floats], budgets: list[float]) -> None:
    found = [allocate(*workload, budget) for budget in sorted(budgets)]
    for less, more in pairwise(found):
        assert more.accuracy >= less.accuracy - 1e-12
        assert more.optimum >= less.optimum - 1e-12
        assert more.cost >= less.cost - 1e-12
        assert more.multiplier <= less.multiplier + 1e-12


@given(workloads(), st.floats(1, 13))
def test_the_multiplier_is_what_every_step_pays(workload: tuple[Floats, Floats], budget: float) -> None:
    """No problem holds a step that buys less than the multiplier, nor lacks one that buys more."""
    accuracy_BA, cost_BA = workload
    found = allocate(accuracy_BA, cost_BA, budget)
    if not found.fits:
        return
    for accuracy_A, cost_A, arm in zip(accuracy_BA, cost_BA, found.arm_B, strict=True):
        value_A = accuracy_A - found.multiplier * cost_A
        assert value_A[arm] == pytest.approx(value_A.max(), abs=1e-9)


def test_an_arm_of_unknown_cost_is_never_given() -> None:
    found = allocate(np.array([[0.9, 0.5]]), np.array([[np.nan, 3.0]]), 100.0)
    assert found.arm_B.tolist() == [1]


def test_nothing_to_share_out_is_refused() -> None:
    with pytest.raises(ValueError, match="no problem"):
        allocate(np.empty((0, 2)), np.empty((0, 2)), 1.0)
    with pytest.raises(ValueError, match="known cost"):
        allocate(np.array([[0.9]]), np.array([[np.nan]]), 1.0)
