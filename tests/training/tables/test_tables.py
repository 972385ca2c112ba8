"""Fitting rows and tables: what is compared, what is shrunk towards what, and what is stored."""

from __future__ import annotations

import json
import shlex
import time
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pytest

from compute_router.decide.arm_selection import ArmSelection, select_arms
from compute_router.decide.price import Price
from compute_router.decide.table import MeasuredRow, RuleRow, Table, dump_table, load_table
from compute_router.io.data_files import data_path
from compute_router.training.outcomes.outcome_matrix import Floats, OutcomeMatrix
from compute_router.training.tables import fit_row, fit_table
from compute_router.training.tables.bin_posterior import LEAST, placed
from compute_router.training.tables.cells import interval
from compute_router.training.tables.sample import sample
from compute_router.training.tables.shrinkage_prior import ShrinkagePrior
from research.__main__ import main
from research.simulation.study import expecting
from research.simulation.worlds import crossing, matrix_of, one_hot, soft_bins
from research.tables.fit_rows import _beside, fit_rows
from support.places import ROOT

BINS = ("easy", "medium", "hard")


def sweep(per_cell: int = 40, seed: int = 0, **key: Any) -> tuple[OutcomeMatrix, Floats]:
    bins_P3 = one_hot(per_cell)
    return replace(matrix_of(crossing(seed), bins_P3, seed), **key), bins_P3


def table_of(*sweeps: tuple[OutcomeMatrix, Floats]) -> Table:
    return fit_table([matrix for matrix, _ in sweeps], [bins for _, bins in sweeps], seed=0, source="a test")


def measured(table: Table) -> dict[str, MeasuredRow]:
    return {row.id: row for row in table.rows if isinstance(row, MeasuredRow)}


# --- one row


def test_few_samples_leave_the_prediction_and_of_many_two_thirds_tell_the_bin() -> None:
    bins_P3, few_P = soft_bins(40, 0), np.full(40, LEAST - 1.0)
    at_R, bins_R3, share_R = placed(bins_P3, few_P, few_P)
    np.testing.assert_array_equal(at_R, np.arange(40))
    np.testing.assert_array_equal(bins_R3, bins_P3)
    assert (share_R == 1).all()
    for rate, known in ((0.02, 2), (0.3, 1), (0.9, 0)):
        at_R, bins_R3, share_R = placed(bins_P3, np.full(40, 1000 * rate), np.full(40, 1000.0))
        np.testing.assert_allclose(np.bincount(at_R, share_R), 1.0)
        np.testing.assert_allclose(bins_R3.sum(axis=1), 1.0)
        told = share_R @ bins_R3[:, known] - bins_P3[:, known].sum() / 3
        assert 0.98 * 40 < told * 3 / 2 <= 40 + 1e-9


def test_a_problem_counts_once_however_many_bins_it_may_be_of() -> None:
    bins_P3 = soft_bins(60, 0)
    matrix = matrix_of(crossing(0), bins_P3, 0, samples=LEAST)
    found = sample([matrix, replace(matrix, policy_model="other")], [bins_P3] * 2)
    assert found.problems == pytest.approx(60)
    np.testing.assert_allclose(np.bincount(found.problem_P, found.weight_P), 1.0)
    np.testing.assert_allclose(found.mean(found.accuracy_PA), matrix.accuracy_PA.mean(axis=0))


def test_what_a_decision_expects_is_what_happens() -> None:
    """Of arms made of the very samples that tell a problem's bin, and of one that was run by itself."""
    assert expecting(2000, 8, 2)[1] < 0.018


def test_with_graded_samples_fewer_problems_are_enough() -> None:
    predicted, measured = expecting(60, 8, 8)
    assert measured < 0.7 * predicted


def test_the_frontier_is_routed_by_predictions_alone() -> None:
    """Where these say nothing every problem gets the same arm, whatever its samples would have told."""
    matrix = matrix_of(crossing(0), one_hot(40), 0, samples=16)
    same_P3 = np.full((120, 3), 1 / 3)
    for one in fit_row(matrix, same_P3, None, seed=0).frontier:
        assert one.over_fixed == pytest.approx(0.0, abs=0.02)
    told = fit_row(matrix, one_hot(40), None, seed=0).frontier
    assert max(one.over_fixed for one in told) > 0.04


def test_with_known_bins_cells_are_means_and_gains_follow_them() -> None:
    matrix, bins_P3 = sweep(2000)
    row = fit_row(matrix, bins_P3, None, seed=0)
    assert row.problems_by_bin == (2000, 2000, 2000)
    for a, arm in enumerate(row.arms):
        for b, name in enumerate(BINS):
            inside = bins_P3[:, b] == 1
            cell = arm.cell(name)  # type: ignore[arg-type]
            assert cell.accuracy == pytest.approx(matrix.accuracy_PA[inside, a].mean(), abs=0.002)
            assert cell.interval[0] < cell.accuracy < cell.interval[1]
            assert cell.tokens == pytest.approx(matrix.tokens_PA[inside, a].mean(), rel=0.01)
            assert cell.prm_tokens == pytest.approx(matrix.prm_tokens_PA[inside, a].mean(), rel=0.01)
    for one in row.incumbents:
        base = matrix.accuracy_PA[:, matrix.arms_A.index(one.spec)]
        for gain in one.gains:
            more_P = matrix.accuracy_PA[:, matrix.arms_A.index(row.arms[gain.arm].spec)] - base
            expected = [more_P[bins_P3[:, b] == 1].mean() for b in range(3)]
            np.testing.assert_allclose(gain.mean, expected, atol=0.01)


def test_incumbents_are_the_fixed_arms_that_are_best_at_some_price() -> None:
    matrix, bins_P3 = sweep()
    row = fit_row(matrix, bins_P3, None, seed=0)
    cost_A = (matrix.tokens_PA + matrix.prm_tokens_PA).mean(axis=0)
    for price in (0.0, *np.geomspace(1e-4, 10, 60)):
        utility_A = matrix.accuracy_PA.mean(axis=0) - price * cost_A / 1e3
        choice = ArmSelection(row, Price(float(price)))
        assert utility_A[choice.incumbent] == pytest.approx(utility_A.max(), abs=1e-5)


def test_the_order_of_problems_and_of_arms_does_not_matter() -> None:
    matrix, bins_P3 = sweep(60)
    straight = fit_row(matrix, bins_P3, None, seed=0)
    turned = fit_row(
        matrix.columns(matrix.arms_A[::-1]).rows(np.arange(180)[::-1]), bins_P3[::-1], None, seed=0
    )
    for price in (0.0, 0.01, 0.03, 0.1):
        names = [
            [row.arms[a].spec for a in select_arms(row, np.eye(3), Price(price))[0]]
            for row in (straight, turned)
        ]
        assert names[0] == names[1]


def test_arms_that_were_not_run_on_the_same_problems_are_not_compared() -> None:
    matrix, bins_P3 = sweep(40)
    accuracy_PA = matrix.accuracy_PA.copy()
    accuracy_PA[30:, 0] = np.nan  # on a quarter of the problems: left out
    accuracy_PA[:20, 1] = np.nan  # on five of six: its problems are those that count
    row = fit_row(replace(matrix, accuracy_PA=accuracy_PA), bins_P3, None, seed=0)
    assert [arm.spec for arm in row.arms] == list(matrix.arms_A[1:])
    assert row.problems == 100
    assert row.problems_by_bin[0] == 20


def test_costs_that_are_not_known_stay_unknown() -> None:
    matrix, bins_P3 = sweep()
    unknown = replace(matrix, tokens_PA=np.full_like(matrix.tokens_PA, np.nan))
    row = fit_row(unknown, bins_P3, None, seed=0)
    assert {cell.tokens for arm in row.arms for cell in (arm.easy, arm.medium, arm.hard)} == {None}
    assert [(one.price_from, one.price_to, one.tokens) for one in row.frontier] == [(0, None, None)]
    assert select_arms(row, np.eye(3), Price(0))[0].shape == (3,)


def test_nothing_to_compare_is_refused() -> None:
    matrix, bins_P3 = sweep(5)
    with pytest.raises(ValueError, match="no arm"):
        fit_row(replace(matrix, accuracy_PA=np.full_like(matrix.accuracy_PA, np.nan)), bins_P3, None, seed=0)
    with pytest.raises(ValueError, match="bins"):
        fit_row(matrix, bins_P3[:-1], None, seed=0)


# --- the stored frontier


def test_the_frontier_covers_all_prices_and_is_estimated_on_other_folds() -> None:
    matrix, bins_P3 = sweep(200)
    row = fit_row(matrix, bins_P3, None, seed=0)
    assert row.frontier[0].price_from == 0
    assert row.frontier[-1].price_to is None
    for low, high in zip(row.frontier, row.frontier[1:], strict=False):
        assert low.price_to == high.price_from
        assert (high.tokens or 0) <= (low.tokens or 0) + 1e-9
    for one in row.frontier:
        assert one.interval[0] <= one.accuracy <= one.interval[1]
        assert one.over_fixed_interval[0] <= one.over_fixed <= one.over_fixed_interval[1]
    assert max(one.over_fixed for one in row.frontier) > 0.01


def test_pure_luck_is_not_seen_on_the_frontier() -> None:
    """Arms that are all the same: the best in hindsight looks better, held-out folds do not."""
    matrix, bins_P3 = sweep(30)
    held_out, hindsight = [], []
    for seed in range(20):
        random = np.random.default_rng(seed)
        luck = replace(matrix, accuracy_PA=(random.random(matrix.accuracy_PA.shape) < 0.5).astype(float))
        held_out.append(fit_row(luck, bins_P3, None, seed=0).frontier[0].accuracy)
        hindsight.append(float(luck.accuracy_PA.mean(axis=0).max()))
    assert abs(fmean(held_out) - 0.5) < 0.04
    assert fmean(hindsight) > max(fmean(held_out), 0.5) + 0.03


# --- intervals


@pytest.mark.parametrize("n", [5, 20, 100])
def test_ten_equal_outcomes_are_no_certainty(n: int) -> None:
    low, high = interval(0.0, 0.02 / n, n)
    assert low < 0.01
    assert 1 / n < high < 1


def test_intervals_narrow_with_less_variance() -> None:
    widths = [high - low for low, high in (interval(0.4, v, 1e9) for v in (0.02, 0.005, 0.0005))]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] == pytest.approx(2 * 1.96 * 0.0005**0.5, rel=0.05)


# --- shrinkage


def test_a_thin_row_is_shrunk_towards_the_coarser_one_and_says_so() -> None:
    (one, bins), (other, _) = sweep(5, 1, policy_model="thin"), sweep(200, 2, policy_model="rich")
    rows = measured(table_of((one, bins), (other, one_hot(200))))
    assert set(rows) == {"measured/thin/prm", "measured/rich/prm", "pooled/<7B/prm", "pooled/<7B/any PRM"}
    thin, rich = rows["measured/thin/prm"], rows["measured/rich/prm"]
    for arm in thin.arms:
        assert arm.leans_on == "pooled/<7B/prm"
        assert arm.easy.own < 0.9
    assert all(arm.easy.own > 0.9 for arm in rich.arms)
    alone = fit_row(one, bins, None, seed=0)
    width = [
        np.mean([arm.easy.interval[1] - arm.easy.interval[0] for arm in row.arms]) for row in (thin, alone)
    ]
    assert width[0] < width[1]


def test_an_arm_that_the_coarser_row_has_with_another_n_is_shrunk_towards_the_nearest() -> None:
    matrix, bins = sweep(40)
    names = ("majority:n=2", "majority:n=8", "best_of_n:n=8", "majority:n=8,stop=0.9", "beam:n=8,m=4")
    shrinkage = ShrinkagePrior(fit_row(replace(matrix, arms_A=names), bins, None, seed=0))

    def moments(base: str, arm: str) -> list[float]:
        prior = shrinkage.gain(base, arm)
        assert prior is not None
        assert not prior.flat
        return [*prior.centre_3.tolist(), *prior.scatter_33.ravel().tolist()]

    for other, near in (("majority:n=16", "majority:n=8"), ("majority:n=3", "majority:n=2")):
        assert moments("best_of_n:n=8", other) == moments("best_of_n:n=8", near)
        assert moments(other, "best_of_n:n=4") == moments(near, "best_of_n:n=8")
    assert moments("majority:n=8", "majority:n=32") == [0.0] * 12
    for unlike in (
        "best_of_n:n=8,first=greedy",
        "majority:n=8,stop=0.8",
        "beam:n=8,m=2",
        "greedy",
        "another",
    ):
        assert shrinkage.gain("majority:n=8", unlike) is None
        assert shrinkage.gain(unlike, "majority:n=8") is None


def test_a_row_is_never_shrunk_towards_its_own_data() -> None:
    """The same answers under another PRM's name are no second opinion."""
    first, bins_P3 = sweep(20, 1, policy_model="m", params=None, prm="a")
    rows = measured(table_of((first, bins_P3), (replace(first, prm="b"), bins_P3)))
    assert rows["measured/m/a"].arms == fit_row(first, bins_P3, None, seed=0).arms
    both = rows["pooled/m/any PRM"]
    assert both.problems == 60
    assert both.problems_by_bin == (20, 20, 20)
    for pooled, alone in zip(both.arms, rows["measured/m/a"].arms, strict=True):
        np.testing.assert_allclose(pooled.easy.interval, alone.easy.interval, atol=0.02)


def test_a_problem_of_several_policy_models_counts_once() -> None:
    (one, bins_P3), (other, _) = sweep(20, 1, policy_model="a"), sweep(20, 2, policy_model="b")
    shared = replace(other, problems_P=one.problems_P)
    assert sample([one, other], [bins_P3] * 2).problems == 120
    assert sample([one, shared], [bins_P3] * 2).problems == 60


# --- a whole table


def test_rows_are_made_for_every_key_that_pools_something() -> None:
    params = {"small": 10**9, "also": 3 * 10**9, "big": 72 * 10**9}
    sweeps = [
        sweep(20, seed, policy_model=model, params=params[model], prm=prm)
        for seed, (model, prm) in enumerate([("small", "p"), ("small", "q"), ("also", "p"), ("big", "p")])
    ]
    table = table_of(*sweeps)
    keys = {(row.policy_model, row.size, row.prm): row.kind for row in table.rows}
    assert keys == {
        ("small", None, "p"): "measured",
        ("small", None, "q"): "measured",
        ("also", None, "p"): "measured",
        ("big", None, "p"): "measured",
        ("small", None, None): "measured",
        (None, "<7B", "p"): "measured",
        (None, "<7B", None): "measured",
        (None, "7B-32B", None): "rule",
        (None, "72B+", None): "rule",
    }


def test_arms_that_no_strategy_of_ours_can_run_have_no_place_in_a_table() -> None:
    matrix, bins_P3 = sweep(20)
    named = replace(matrix, arms_A=("adaptive", "fixed_4", *matrix.arms_A[2:]))
    [row] = measured(table_of((named, bins_P3))).values()
    assert [arm.spec for arm in row.arms] == list(matrix.arms_A[2:])
    assert [arm.spec for arm in fit_row(named, bins_P3, None, seed=0).arms] == list(named.arms_A)


def test_a_matrix_with_nothing_to_choose_from_leaves_the_papers_rule() -> None:
    matrix, bins_P3 = sweep(5)
    table = table_of((matrix.columns(matrix.arms_A[:1]), bins_P3))
    assert all(isinstance(row, RuleRow) for row in table.rows)
    assert len(table.rows) == 3


def test_a_table_survives_its_file(tmp_path: Path) -> None:
    table = table_of(sweep(20, 1, policy_model="a"), sweep(20, 2, policy_model="b"))
    path = tmp_path / "table.json"
    path.write_text(dump_table(table))
    assert load_table(path) == table
    assert len(path.read_bytes()) < 60_000


def test_the_same_data_give_the_same_table() -> None:
    first, again = (table_of(sweep(20, 1), sweep(20, 2, policy_model="b")) for _ in range(2))
    assert first == again


def test_the_shipped_table_is_measured_for_the_embedded_model() -> None:
    shipped = load_table(data_path("table.json"))
    row = shipped.row("Qwen2.5-Coder-0.5B-Instruct", 494032768, "logprob-baseline")
    assert isinstance(row, MeasuredRow)
    assert "greedy" in {arm.spec for arm in row.arms}
    assert json.loads(data_path("table.json").read_text("utf-8"))["schema_version"] == 3


def test_the_embedded_prm_has_a_measured_row_of_its_own() -> None:
    shipped = load_table(data_path("table.json"))
    row = shipped.row("Qwen2.5-Coder-0.5B-Instruct", 494032768, "arithmetic-checker")
    assert isinstance(row, MeasuredRow)
    assert row.prm == "arithmetic-checker"
    assert any("accept" in arm.spec for arm in row.arms)


def test_what_is_not_measured_anew_stays() -> None:
    old = table_of(sweep(20, 1, policy_model="a"), sweep(20, 2, policy_model="b"))
    new = table_of(sweep(20, 3, policy_model="b"))
    both = _beside(old, new)
    keys = [(row.policy_model, row.size, row.prm) for row in both.rows]
    assert len(set(keys)) == len(keys)
    measured = [row for row in both.rows if isinstance(row, MeasuredRow)]
    assert [row for row in new.rows if isinstance(row, MeasuredRow)] == measured[:1]
    assert {row.policy_model for row in measured} >= {"a", "b"}
    assert _beside(old, old) == old


def test_the_command_that_a_row_names_makes_the_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    sweep = "research/data/sweeps/qwen2.5-coder-0.5b.jsonl"
    first, again = tmp_path / "a" / "table.json", tmp_path / "b" / "table.json"
    for path in (first, again):
        path.parent.mkdir()
    fit_rows([Path(sweep)], first, predictor=Path("configs/difficulty-base"), price=0.5, seed=3)
    *command, _ = shlex.split(load_table(first).rows[0].source)
    assert command[:4] == ["python", "-m", "research", "fit-rows"]
    with pytest.raises(SystemExit) as end:
        main([*command[3:], str(again)])
    assert not end.value.code
    assert again.read_bytes() == first.read_bytes()


def test_ten_thousand_problems_and_twenty_arms_take_seconds() -> None:
    bins_P3 = soft_bins(10_000, 0)
    five = matrix_of(crossing(0), bins_P3, 0)
    wide = replace(
        five,
        arms_A=tuple(f"majority:n={n}" for n in range(1, 21)),
        **{
            name: np.concatenate([getattr(five, name) * (1 - k / 50) for k in range(4)], axis=1)
            for name in ("accuracy_PA", "tokens_PA", "prm_tokens_PA")
        },  # type: ignore[arg-type]
    )
    began = time.perf_counter()
    table_of((wide, bins_P3))
    assert time.perf_counter() - began < 15
