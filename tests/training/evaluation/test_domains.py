"""Rows of a PRM's domains, where the same difficulty wants another arm: made, leaned, routed by, judged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from compute_router.decide.price import Price
from compute_router.decide.table import MeasuredRow, Table
from compute_router.difficulty import load
from compute_router.training.evaluation.applied import apply
from compute_router.training.evaluation.crossfit import crossfit
from compute_router.training.evaluation.folds import FOLDS
from compute_router.training.outcomes.outcome_matrix import Floats, Ints, OutcomeMatrix
from compute_router.training.tables import domains, fit_rows, fit_table
from compute_router.training.tables.domains import ENOUGH, by_domain
from research.tables.fit_rows import _beside
from support.evaluation_kit import ARMS, knows, one_hot, simulated
from support.places import ROOT

ROUTE = Price(0.0)


def mixed(exact: int = 300, open_: int = 300, seed: int = 0) -> tuple[OutcomeMatrix, Ints]:
    """The second arm is the better one for sums in every bin, the first for all else."""
    better, worse = (0.9, 0.6, 0.3), (0.6, 0.3, 0.05)
    sums, sums_P = simulated(exact, (worse, better), seed=seed)
    rest, rest_P = simulated(open_, (better, worse), seed=seed + 1)
    joined = {
        name: np.concatenate([getattr(sums, name), getattr(rest, name)])
        for name in ("accuracy_PA", "tokens_PA", "prm_tokens_PA", "right_P", "samples_P")
    }
    matrix = replace(
        sums,
        prm="arithmetic-checker",
        problems_P=tuple(f"p{i}" for i in range(exact + open_)),
        texts_P=(
            *(f"Compute {i} + 1." for i in range(exact)),
            *(f"Story number {i}." for i in range(open_)),
        ),
        **joined,
    )
    return matrix, np.concatenate([sums_P, rest_P])


def fitted(matrix: OutcomeMatrix, bin_P: Ints) -> Table:
    return fit_table([matrix], [one_hot(bin_P)], seed=0, source="a test")


def test_problems_are_told_apart_by_their_texts_and_only_for_the_prm_that_does() -> None:
    matrix, _ = mixed(3, 2)
    assert domains(matrix) == ("exact",) * 3 + ("open",) * 2
    assert domains(replace(matrix, texts_P=(None,) * 5)) == (None,) * 5
    assert domains(replace(matrix, prm="prm")) == domains(replace(matrix, prm=None)) == (None,) * 5


@pytest.mark.parametrize(
    ("exact", "open_", "names"),
    [
        (ENOUGH, ENOUGH, ["exact", "open"]),
        (ENOUGH - 1, ENOUGH, ["open"]),
        (ENOUGH, ENOUGH - 1, ["exact"]),
        (0, 2 * ENOUGH, []),
        (2 * ENOUGH, 0, []),
    ],
)
def test_a_domain_of_enough_problems_has_a_row_beside_that_of_all(
    exact: int, open_: int, names: list[str]
) -> None:
    matrix, bin_P = mixed(exact, open_)
    assert [name for name, _ in by_domain(matrix)] == names
    rows = fit_rows(matrix, one_hot(bin_P), None, seed=0)
    assert list(rows) == [None, *names]
    table = [row for row in fitted(matrix, bin_P).rows if isinstance(row, MeasuredRow)]
    assert [row.domain for row in table] == [None, *names]
    assert [row.problems for row in table[1:]] == [{"exact": exact, "open": open_}[name] for name in names]
    assert all(arm.leans_on == table[0].id for row in table[1:] for arm in row.arms)


def test_what_is_measured_anew_takes_the_place_of_its_own_domain_alone() -> None:
    matrix, bin_P = mixed(40, 40)
    old = fitted(matrix, bin_P)
    new = old.model_copy(update={"rows": tuple(row for row in old.rows if row.domain != "open")})
    both = _beside(old, new)
    assert sorted(row.id for row in both.rows) == sorted(row.id for row in old.rows)


def test_a_domains_cells_are_its_own_where_the_domains_differ() -> None:
    matrix, bin_P = mixed()
    rows = {row.domain: row for row in fitted(matrix, bin_P).rows if isinstance(row, MeasuredRow)}
    for domain, better in (("exact", 1), ("open", 0)):
        arms = rows[domain].arms
        for name in ("easy", "medium", "hard"):
            ahead = arms[better].cell(name).accuracy - arms[1 - better].cell(name).accuracy  # type: ignore[arg-type]
            assert ahead > 0.1
            middle = [arm.cell(name).accuracy for arm in rows[None].arms]  # type: ignore[arg-type]
            assert abs(middle[0] - middle[1]) < ahead


@pytest.mark.parametrize("first", [0, 300])
def test_two_halves_of_one_domain_differ_no_more_than_the_row_of_all(first: int) -> None:
    """Where domains are alike their rows are nearly that of all: nothing is made of chance."""
    matrix, bin_P = mixed(600, 0)
    stories = tuple(f"Story number {i}." for i in range(300))
    some = replace(matrix, texts_P=(*matrix.texts_P[first : first + 300], *stories))
    rows = fit_rows(some, one_hot(bin_P), None, seed=0)
    for domain in ("exact", "open"):
        for mine, whole in zip(rows[domain].arms, rows[None].arms, strict=True):
            assert mine.medium.accuracy == pytest.approx(whole.medium.accuracy, abs=0.05)


def crossfitted_right(matrix: OutcomeMatrix, bin_P: Ints) -> Floats:
    fold_P = np.arange(len(bin_P)) % FOLDS
    made = crossfit(matrix, fold_P, knows(bin_P, fold_P), seed=0)
    return made.router(ROUTE)


def test_routing_takes_each_domains_arm_and_without_domains_cannot() -> None:
    matrix, bin_P = mixed()
    is_sum = np.array([domain == "exact" for domain in domains(matrix)])
    chosen = crossfitted_right(matrix, bin_P)
    assert (chosen[is_sum] == 1).mean() > 0.95
    assert (chosen[~is_sum] == 0).mean() > 0.95
    blind = crossfitted_right(replace(matrix, prm="prm"), bin_P)
    assert not ((blind[is_sum] == 1).mean() > 0.6 and (blind[~is_sum] == 0).mean() > 0.6)


def test_an_average_budget_is_shared_out_over_the_rows_of_all_domains() -> None:
    matrix, bin_P = mixed()
    is_sum = np.array([domain == "exact" for domain in domains(matrix)])
    fold_P = np.arange(len(bin_P)) % FOLDS
    made = crossfit(matrix, fold_P, knows(bin_P, fold_P), seed=0)
    chosen = made.shared(float((matrix.tokens_PA + matrix.prm_tokens_PA).max()))
    assert (chosen[is_sum] == 1).mean() > 0.95
    assert (chosen[~is_sum] == 0).mean() > 0.95


def test_a_fold_without_a_row_of_a_domain_is_decided_by_the_row_of_all() -> None:
    matrix, bin_P = mixed(ENOUGH - 2, 300)
    chosen = crossfitted_right(matrix, bin_P)
    assert (chosen == 0).mean() > 0.9


def test_a_table_is_applied_by_domain() -> None:
    matrix, bin_P = mixed()
    names = ("majority:n=4", "beam:n=4,m=2,select=weighted,aggregate=last")
    ours = replace(matrix, arms_A=names)
    assert ARMS[0] == names[0]
    predictor = load(ROOT / "configs" / "difficulty")
    new, _ = mixed(40, 40, seed=7)
    found = apply(replace(new, arms_A=names), predictor, fitted(ours, bin_P), "new problems")
    assert list(found.router(ROUTE)) == [1] * 40 + [0] * 40
    assert "measured/sim-1b/arithmetic-checker/exact" in found.notes[0]
    assert set(found.best_fixed(ROUTE).tolist()) in ({0}, {1})
