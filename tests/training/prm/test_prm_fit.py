"""The PRM finds what decides, says so where nothing does, and is never asked what it has seen."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from prm_rollouts import rows, write_run

from compute_router.scoring.arithmetic import FEATURES
from compute_router.scoring.linear import Linear, Weights
from compute_router.training.difficulty.metrics import calibration_error
from compute_router.training.evaluation.folds import FOLDS
from compute_router.training.prm.examples import Solved, read_solved
from compute_router.training.prm.figures import ordered, selected
from compute_router.training.prm.fit_weights import fit
from compute_router.training.prm.held_out_scores import crossfit
from compute_router.training.prm.logistic_fit import logistic
from compute_router.training.prm.prm_report import lines, report


@pytest.fixture(scope="module")
def telling(tmp_path_factory: pytest.TempPathFactory) -> list[Solved]:
    return read_solved([write_run(tmp_path_factory.mktemp("runs") / "a", rows(60, 1))])


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> list[Solved]:
    return read_solved([write_run(tmp_path_factory.mktemp("runs") / "b", rows(60, 2, telling=False))])


def final(problems: Sequence[Solved]) -> list[list[float]]:
    return [[steps[-1] for steps in paths] for paths in crossfit(problems, 0)]


def test_where_wrong_calculations_decide_it_finds_them(telling: list[Solved]) -> None:
    scores = final(telling)
    found = ordered(telling, scores, 0)
    chosen = selected(telling, scores, 0, 4)
    assert found is not None
    assert chosen is not None
    assert found.mean > 0.9
    assert chosen.weighted_over_vote.interval[0] > 0
    assert chosen.best_over_vote.interval[0] > 0
    assert chosen.oracle.mean >= chosen.best_of_n.mean > chosen.pass_at_1.mean


def test_where_nothing_tells_it_is_at_chance_and_says_so(silent: list[Solved]) -> None:
    scores = final(silent)
    found = ordered(silent, scores, 0)
    chosen = selected(silent, scores, 0, None)
    assert found is not None
    assert chosen is not None
    assert found.interval[0] <= 0.5 <= found.interval[1]
    assert chosen.weighted_over_vote.interval[0] <= 0 <= chosen.weighted_over_vote.interval[1]


def test_of_a_hundred_samples_of_a_problem_there_are_figures_too(telling: list[Solved]) -> None:
    many = [
        replace(problem, paths_N=(problem.paths_N * 100)[:100]) for problem in telling[:5] if problem.paths_N
    ]
    for n in (None, 4):
        chosen = selected(many, [[0.5] * 100] * len(many), 0, n)
        assert chosen is not None
        assert chosen.pass_at_1.mean <= chosen.oracle.mean <= 1


def test_it_is_calibrated(telling: list[Solved], silent: list[Solved]) -> None:
    for problems in (telling, silent):
        scores = np.array([one for row in final(problems) for one in row])
        right = np.array([float(path.correct) for problem in problems for path in problem.paths_N])
        assert calibration_error(scores, right, np.ones(len(right))) < 0.1


def test_the_first_wrong_calculation_is_where_the_score_falls(telling: list[Solved]) -> None:
    weights = fit(telling, 0)
    for problem in telling[:20]:
        for path in problem.paths_N:
            first = weights.score(path.evidence_SF[0].tolist())
            assert (first > 0.6) is path.correct


def test_no_problem_is_scored_by_weights_that_saw_it(telling: list[Solved]) -> None:
    """Equal texts of two policy models are one problem."""
    twins = [*telling, *(Solved(p.kind, p.identity, "another", p.paths_N) for p in telling)]
    seen: list[set[str]] = []

    def spy(problems: Sequence[Solved], seed: int, without: frozenset[str]) -> Weights:
        assert seed != 0, "the folds within must be dealt anew"
        seen.append({problem.identity for problem in problems})
        marked = Linear(float(len(seen)), (0.0,) * len(FEATURES), (0.0,) * len(FEATURES))
        return Weights(marked, marked)

    scores = crossfit(twins, 0, frozenset(), spy)
    assert len(seen) == FOLDS
    by_mark = {Linear(float(at + 1), (), ())(()): found for at, found in enumerate(seen)}
    for problem, paths in zip(twins, scores, strict=True):
        assert problem.identity not in by_mark[paths[0][0]]


def test_the_order_of_the_problems_changes_nothing(tmp_path: Path) -> None:
    found = rows(30, 3)
    shuffled = random.Random(0).sample(found, len(found))
    one = read_solved([write_run(tmp_path / "one", found)])
    two = read_solved([write_run(tmp_path / "two", shuffled[:9]), write_run(tmp_path / "more", shuffled[9:])])
    assert fit(one, 0) == fit(two, 0)
    assert crossfit(one, 0) == crossfit(two, 0)


def test_without_the_features_that_decide_it_is_worse(telling: list[Solved]) -> None:
    found = report(telling, 0)
    [kind] = found.kinds
    assert kind.kind == "eggs"
    assert kind.prm.auroc is not None
    assert kind.baseline.auroc is not None
    assert kind.prm.auroc.mean > 0.9 > 0.7 > kind.baseline.auroc.mean
    assert {group.group for group in found.without} >= {"calculations", "derivation", "probability"}
    assert f"AUROC within problems {kind.prm.auroc.mean:.3f} [" in "\n".join(lines(found))


def test_features_left_out_weigh_nothing(telling: list[Solved]) -> None:
    weights = fit(telling, 0, frozenset({"wrong", "logprob"}))
    for linear in (weights.open, weights.answered):
        assert linear.weights_F[FEATURES.index("wrong")] == 0
        assert linear.weights_F[FEATURES.index("logprob")] == 0
    assert any(weights.answered.weights_F)


def test_few_examples_leave_the_base_rate(tmp_path: Path) -> None:
    weights = fit(read_solved([write_run(tmp_path / "a", rows(2, 1))]), 0)
    assert not any(weights.answered.weights_F)


@pytest.mark.parametrize("ridge", [0.1, 10.0])
def test_the_logistic_regression_is_at_its_minimum(ridge: float) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4))
    y = (rng.random(300) < 1 / (1 + np.exp(-x @ np.array([2.0, -1.0, 0.0, 0.5]) - 0.3))).astype(float)
    weight = rng.random(300)
    beta = logistic(x, y, weight, ridge)

    def loss(b: np.typing.NDArray[np.float64]) -> float:
        logit = b[0] + x @ b[1:]
        return float(weight @ (np.logaddexp(0, logit) - y * logit) + ridge * (b[1:] ** 2).sum() / 2)

    least = loss(beta)
    assert all(loss(beta + 1e-3 * rng.normal(size=5)) >= least - 1e-6 for _ in range(50))


def test_separable_examples_do_not_run_away() -> None:
    x = np.array([[-1.0], [1.0]] * 50)
    beta = logistic(x, (x[:, 0] > 0).astype(float), np.ones(100), 1.0)
    assert np.isfinite(beta).all()
    assert 0 < beta[1] < 20
