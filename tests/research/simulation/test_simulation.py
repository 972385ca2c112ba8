"""Where the truth is known: arms are chosen well, intervals hold it, thin data follow the prior."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from compute_router.decide.table import RuleRow, SizeClass, load_table
from compute_router.io.data_files import data_path
from compute_router.policies import make
from research.simulation.study import figures, leaning, rule_of
from research.simulation.worlds import RULES, crossing, crowded, level, matrix_of, one_hot, paper, soft_bins

TABLES = 60


@pytest.mark.slow
def test_with_200_problems_a_cell_the_choice_is_within_a_hundredth_of_the_best() -> None:
    found = figures(crossing, lambda seed: one_hot(200), TABLES)
    assert found.near >= 0.95
    assert found.over_fixed > 10 * found.over_fixed_se


@pytest.mark.slow
@pytest.mark.parametrize("per_cell", [50, 200])
def test_intervals_hold_the_truth_where_bins_are_known(per_cell: int) -> None:
    assert 0.93 <= figures(crossing, lambda seed: one_hot(per_cell), TABLES).covered <= 0.97


@pytest.mark.slow
def test_intervals_hold_the_truth_where_bins_are_unsure() -> None:
    assert 0.93 <= figures(crossing, lambda seed: soft_bins(600, seed), TABLES).covered <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize("per_cell", [10, 200])
def test_without_an_interaction_routing_is_no_worse_than_the_best_fixed_arm(per_cell: int) -> None:
    found = figures(lambda seed: level(crossing(seed)), lambda seed: one_hot(per_cell), TABLES)
    assert found.over_fixed >= -2 * found.over_fixed_se - 1e-9


@pytest.mark.slow
def test_many_arms_and_few_problems_are_no_reason_to_leave_the_best_fixed_arm() -> None:
    found = figures(crowded, lambda seed: one_hot(10), TABLES // 2)
    assert found.over_fixed >= -2 * found.over_fixed_se


@pytest.mark.slow
@pytest.mark.parametrize(("jitter", "least"), [(0.05, -0.003), (0.3, -0.001), (0.6, 0.005)])
def test_ten_problems_a_cell_do_no_worse_than_the_row_they_lean_on(jitter: float, least: float) -> None:
    """Where the policy models hardly differ there is nothing to learn, and a little noise to follow."""
    leant, coarser, alone = leaning(40, per_cell=10, jitter=jitter)
    assert leant >= coarser + least
    assert leant > alone + 0.003


@pytest.mark.parametrize("size", get_args(SizeClass))
def test_the_papers_rule_is_given_back(size: SizeClass) -> None:
    rows = {row.size: row for row in load_table(data_path("table.json")).rows if isinstance(row, RuleRow)}
    stated = tuple(make(rows[size].spec(name)).name for name in ("easy", "medium", "hard"))
    assert [rule_of(size, seed) for seed in range(3)] == [stated] * 3


@pytest.mark.parametrize("size", get_args(SizeClass))
def test_the_encoding_is_the_papers_rule(size: SizeClass) -> None:
    """For each bin, the strategy that the shipped rule names is the best one of the simulated truth."""
    [row] = [
        row
        for row in load_table(data_path("table.json")).rows
        if isinstance(row, RuleRow) and row.size == size
    ]
    best = [max(RULES[size], key=lambda name, b=b: RULES[size][name][b]) for b in range(3)]  # type: ignore[misc]
    assert best == [make(row.spec(name)).name for name in ("easy", "medium", "hard")]


def test_a_simulated_sweep_has_the_truth_that_it_is_given() -> None:
    world, bins_P3 = paper("<7B"), one_hot(20_000)
    matrix = matrix_of(world, bins_P3, 0)
    for b in range(3):
        inside = bins_P3[:, b] == 1
        np.testing.assert_allclose(
            matrix.accuracy_PA[inside].mean(axis=0), world.accuracy_A3[:, b], atol=0.015
        )
        np.testing.assert_allclose(matrix.tokens_PA[inside].mean(axis=0), world.tokens_A3[:, b], rtol=0.02)
    apart = np.corrcoef(matrix.accuracy_PA[bins_P3[:, 1] == 1].T)
    assert (apart[np.triu_indices(3, 1)] > 0.25).all()


def test_a_simulated_sweep_is_the_same_again() -> None:
    first, again = (matrix_of(crossing(3), one_hot(20), 5) for _ in range(2))
    np.testing.assert_array_equal(first.accuracy_PA, again.accuracy_PA)
    np.testing.assert_array_equal(first.tokens_PA, again.tokens_PA)
    assert not np.array_equal(first.accuracy_PA, matrix_of(crossing(3), one_hot(20), 6).accuracy_PA)
