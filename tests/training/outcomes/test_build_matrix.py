"""Rows of sweeps and logs to matrices: what joins what, what is implied, averaged, left out."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from compute_router.policies import make, spec
from compute_router.training.outcomes.build_matrix import build_matrices
from compute_router.training.outcomes.outcome_matrix import OutcomeMatrix
from compute_router.training.subset_expectation import accuracy
from compute_router.training.sweep.record import Record, RecordedPath, RecordError
from compute_router.training.sweep.sweep_file import Sweep
from support.sweep_files import matrices

MAX4 = "best_of_n:n=4,select=max,aggregate=min"
BEAM = "beam:n=4,m=2,select=weighted,aggregate=last"


def sampled(problem: str, arm: str, n: int, seed: int | None = 0, /, **changes: object) -> Record:
    rng = random.Random(f"{problem} {arm} {n} {seed}")
    scores = arm.startswith("best_of_n")
    paths = []
    for _ in range(n):
        answer = rng.choice(["1", "2", None])
        group = None if answer is None else int(answer) - 1
        step_scores = (rng.random(), rng.random()) if scores else ()
        paths.append(
            RecordedPath(answer, group, answer == "1", rng.randrange(50, 90), step_scores, -rng.random())
        )
    row = Record(
        problem,
        "tiny",
        arm,
        correct=rng.random() < 0.5,
        problem=f"text of {problem}",
        params=1000,
        prm="judge" if scores else None,
        prm_params=7 if scores else None,
        seed=seed,
        tokens=sum(path.tokens or 0 for path in paths),
        prm_tokens=100 * n if scores else 0,
        paths=tuple(paths),
        source="a run",
    )
    return replace(row, **changes)  # type: ignore[arg-type]


def own(problem: str, arm: str, correct: bool | None, /, **changes: object) -> Record:
    row = Record(problem, "tiny", arm, correct, prm="judge", tokens=300, prm_tokens=200, seed=0)
    return replace(row, **changes)  # type: ignore[arg-type]


def cell(matrix: OutcomeMatrix, problem: str, arm: str) -> tuple[float, float, float]:
    at = matrix.problems_P.index(problem), matrix.arms_A.index(arm)
    return float(matrix.accuracy_PA[at]), float(matrix.tokens_PA[at]), float(matrix.prm_tokens_PA[at])


def test_a_row_of_samples_answers_for_every_power_of_two_below_it() -> None:
    row = sampled("p", "best_of_n:n=6,select=weighted,aggregate=min", 6)
    [matrix] = matrices([row])
    assert set(matrix.arms_A) == {
        *(f"majority:n={n}" for n in (1, 2, 4)),
        *(f"best_of_n:n={n},select={rule},aggregate=min" for n in (2, 4) for rule in ("max", "weighted")),
        row.arm,
    }
    mean_tokens = sum(path.tokens or 0 for path in row.paths) / 6
    for n in (1, 2, 4):
        found = cell(matrix, "p", f"majority:n={n}")
        assert found == pytest.approx((accuracy(row.paths, "vote")[n], n * mean_tokens, 0.0))
    found = cell(matrix, "p", "best_of_n:n=4,select=max,aggregate=min")
    assert found == pytest.approx((accuracy(row.paths, "max", "min")[4], 4 * mean_tokens, 400.0))
    assert cell(matrix, "p", row.arm)[0] == pytest.approx(accuracy(row.paths, "weighted", "min")[6])
    assert matrix.right_P.tolist() == [sum(path.correct is True for path in row.paths)]
    assert matrix.samples_P.tolist() == [6]


def test_an_arm_that_a_row_names_is_answered_by_the_samples_of_another() -> None:
    row, named = sampled("p", MAX4, 4), own("p", "best_of_n:n=3,select=weighted,aggregate=last", True)
    [matrix] = matrices([row, named])
    assert cell(matrix, "p", named.arm)[0] == pytest.approx(accuracy(row.paths, "weighted", "last")[3])
    # Another seed is another result, and both count.
    [matrix] = matrices([row, replace(named, seed=1)])
    expected = (accuracy(row.paths, "weighted", "last")[3] + 1) / 2
    assert cell(matrix, "p", named.arm)[0] == pytest.approx(expected)


def test_an_arm_that_the_manifest_lists_is_answered_for_as_one_that_a_row_names() -> None:
    early = [f"best_of_n:n={n},accept=0.7,select=weighted,aggregate=last" for n in (3, 2)]
    rows = [sampled(problem, MAX4, 4) for problem in "pq"]
    names = [own("p", arm, True) for arm in (*early, "majority:n=3")]
    # Of a name that has no row of its own nothing counts but the name.
    [by_row] = matrices([*rows, *(replace(name, correct=False, tokens=7) for name in names)])
    [by_manifest] = matrices(rows, tuple(name.arm for name in names))
    assert set(by_manifest.arms_A) == set(by_row.arms_A) > {*early, "majority:n=3"}
    by_row = by_row.columns(by_manifest.arms_A)
    for figures in ("accuracy_PA", "tokens_PA", "prm_tokens_PA", "right_P", "samples_P"):
        assert np.array_equal(getattr(by_manifest, figures), getattr(by_row, figures)), figures


def test_an_arm_that_the_manifest_lists_and_no_row_answers_for_is_ignored() -> None:
    rows = [sampled("p", MAX4, 4), own("p", BEAM, True)]
    others = (
        "best_of_n:n=5,accept=0.7",  # of more samples
        "best_of_n:n=4,first=greedy",  # of others
        "best_of_n:n=4,prune=0.1",  # by steps that are not known
        "dvts:n=4,m=2",
        "a log's own",
    )
    assert matrices(rows, others)[0].arms_A == matrices(rows)[0].arms_A
    # Nor do the samples of a policy model whose sweep does not list it.
    other = replace(rows[0], policy_model="large")
    small, large = Sweep(rows, ("majority:n=3",)), Sweep([other])
    found = {one.policy_model: one.arms_A for one in build_matrices([small, large])}
    assert "majority:n=3" in found["tiny"]
    assert "majority:n=3" not in found["large"]


def test_a_sample_that_failed_at_once_takes_no_arm_away() -> None:
    row = sampled("p", MAX4, 4)
    stepwise = [replace(path, step_tokens=(1, (path.tokens or 1) - 1)) for path in row.paths]
    failed = RecordedPath(None, None, tokens=0)
    arm = "best_of_n:n=4,prune=0.1,select=max,aggregate=min"
    assert arm in matrices([replace(row, paths=(*stepwise[:3], failed))], (arm,))[0].arms_A


def test_rows_without_a_prm_join_every_matrix_of_their_policy_model() -> None:
    greedy = own("p", "greedy", True, prm=None, prm_tokens=None)
    vote = sampled("p", "majority:n=2", 2)
    beam, other = own("p", BEAM, True), own("p", BEAM, False, prm="other")
    elsewhere = own("p", "greedy", False, policy_model="large", prm=None)
    made = {
        (matrix.policy_model, matrix.prm): matrix
        for matrix in matrices([greedy, vote, beam, other, elsewhere])
    }
    assert set(made) == {("tiny", "judge"), ("tiny", "other"), ("large", None)}
    for prm, right in (("judge", 1.0), ("other", 0.0)):
        matrix = made["tiny", prm]
        assert cell(matrix, "p", "greedy") == (1.0, 300.0, 0.0)
        assert cell(matrix, "p", BEAM) == (right, 300.0, 200.0)
        assert {"majority:n=1", "majority:n=2"} < set(matrix.arms_A)
    assert made["large", None].arms_A == ("greedy",)


def test_seeds_are_averaged_and_one_seed_counts_once() -> None:
    rows = [sampled("p", MAX4, 4, seed) for seed in (0, 1)]
    [matrix] = matrices(rows)
    both = [accuracy(row.paths, "max", "min")[4] for row in rows]
    assert cell(matrix, "p", MAX4)[0] == pytest.approx(np.mean(both))
    assert matrix.samples_P.tolist() == [8]
    # The same samples, kept by a smaller arm of the same seed as well.
    again = replace(rows[0], arm="majority:n=2", prm=None, paths=rows[0].paths[:2])
    [same] = matrices([again, *rows])
    assert same.samples_P.tolist() == [8]
    assert cell(same, "p", "majority:n=2") == pytest.approx(cell(matrix, "p", "majority:n=2"))


def test_what_was_not_run_is_nan_and_so_is_what_is_not_known() -> None:
    rows = [own("p", BEAM, True), own("q", "a log's own", False, tokens=None, prm_tokens=None)]
    [matrix] = matrices(rows)
    assert np.isnan(matrix.accuracy_PA).tolist() == [[False, True], [True, False]]
    assert np.isnan(matrix.tokens_PA).all(axis=0).tolist() == [False, True]
    assert np.isnan(cell(matrix, "q", "a log's own")[2])
    assert matrix.samples_P.tolist() == [0, 0]


def test_rows_that_tell_nothing_are_left_out() -> None:
    ungraded = sampled("p", "majority:n=2", 2, correct=None)
    unknown = replace(
        ungraded, paths=(RecordedPath("1", 0, None), RecordedPath("2", 1, True)), problem_id="unknown"
    )
    found = matrices([own("q", BEAM, None), ungraded, unknown, own("q", "greedy", True)])
    assert {problem for matrix in found for problem in matrix.problems_P} == {"p", "q"}
    assert BEAM not in {arm for matrix in found for arm in matrix.arms_A}


@pytest.mark.parametrize("arm", ["majority:n=8,stop=0.95", "best_of_n:n=8,reject=0.5", "beam:n=8,m=2"])
def test_samples_that_depend_on_each_other_derive_nothing(arm: str) -> None:
    row = sampled("p", "best_of_n:n=8", 8, arm=arm)
    [matrix] = matrices([row])
    assert matrix.arms_A == (spec(make(arm)),)
    assert matrix.samples_P.tolist() == [0]


def test_a_log_without_scores_derives_no_choice_by_score() -> None:
    row = sampled("p", MAX4, 4)
    bare = replace(row, paths=tuple(replace(path, scores=()) for path in row.paths))
    [matrix] = matrices([bare])
    assert set(matrix.arms_A) == {"majority:n=1", "majority:n=2", "majority:n=4", MAX4}
    assert cell(matrix, "p", MAX4)[0] == float(row.correct is True)


def test_many_samples_are_taken_in_blocks_and_their_own_arm_by_its_result() -> None:
    row = sampled("p", "best_of_n:n=32,select=weighted,aggregate=last", 32)
    [matrix] = matrices([row])
    assert "best_of_n:n=16,select=weighted,aggregate=last" in matrix.arms_A
    assert cell(matrix, "p", row.arm)[0] == float(row.correct is True)
    assert cell(matrix, "p", "majority:n=32")[0] == pytest.approx(accuracy(row.paths, "vote")[32])


def test_two_problems_of_one_id_are_refused() -> None:
    rows = [sampled("p", MAX4, 4), own("p", "greedy", True, problem="text  of\np")]
    assert matrices(rows)[0].texts_P == ("text of p",)
    with pytest.raises(RecordError, match="two problems have the id 'p'"):
        matrices([*rows, own("p", BEAM, True, problem="another text")])


def test_it_says_where_it_comes_from() -> None:
    [matrix] = matrices([own("p", "greedy", True, source=f"run {i}", seed=i) for i in range(10)])
    assert matrix.source == "run 0, run 1, run 2, run 3, run 4, run 5, run 6, run 7 and 2 more"
    [matrix] = matrices([sampled("p", MAX4, 4)])
    assert (matrix.policy_model, matrix.params, matrix.prm, matrix.prm_params) == ("tiny", 1000, "judge", 7)


def test_no_rows_are_no_matrices() -> None:
    assert matrices([]) == []


def test_an_arm_has_one_name_however_it_is_spelled() -> None:
    [matrix] = matrices([own("p", "beam:m=2,n=4", True), own("q", BEAM, False)])
    assert matrix.arms_A == (BEAM,)
