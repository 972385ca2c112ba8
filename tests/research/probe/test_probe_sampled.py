"""Plain samples of several rows as one pool, and what is no plain sample."""

from __future__ import annotations

import pytest

from compute_router.training.sweep.record import Record, RecordedPath
from research.probe.sampled_problem import is_plain, sampled


def row(answers: list[str | None], **changes: object) -> Record:
    paths = tuple(
        RecordedPath(
            answer, None if answer is None else answers.index(answer), answer in ("1/2", "0.5"), 10, (0.7,)
        )
        for answer in answers
    )
    fields = {
        "problem_id": "a", "policy_model": "model", "arm": "best_of_n:n=3", "correct": None,
        "problem": "What is half?", "paths": paths, "prm": "a PRM", "prm_tokens": 30,
    }  # fmt: skip
    return Record(**(fields | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arm", "plain"),
    [("majority:n=4", True), ("best_of_n:n=8", True), ("majority:n=4,stop=0.9", False), ("greedy", False),
     ("best_of_n:n=8,reject=0.5", False), ("beam:n=4,m=4", False), ("somebody's search", False)],
)  # fmt: skip
def test_which_arms_sample_independently(arm: str, plain: bool) -> None:
    assert is_plain(arm) == plain


def test_rows_of_one_problem_are_one_pool_with_groups_of_its_own() -> None:
    [one] = sampled([row(["1/2", "3", None]), row(["3.", "0.5", "4"], problem="What  is half?")])
    assert [path.group for path in one.paths_N] == [0, 1, None, 1, 0, 5]
    assert one.right_N == (True, False, False, False, True, False)
    assert one.tokens == 10
    assert one.prm_tokens == 10


def test_the_same_samples_are_not_counted_twice() -> None:
    [one] = sampled([row(["3", "4"], seed=1, arm="majority:n=2"), row(["3", "4", "5"], seed=1)])
    assert len(one.paths_N) == 3


def test_models_and_problems_stay_apart_and_ungraded_rows_out() -> None:
    ungraded = row(["3"], paths=(RecordedPath("3", 0, None),))
    found = sampled([row(["3"]), row(["3"], policy_model="other"), row(["3"], problem="Else?"), ungraded])
    assert [(one.policy_model, len(one.paths_N)) for one in found] == [
        ("model", 1),
        ("other", 1),
        ("model", 1),
    ]


def test_a_baseline_s_scores_are_no_probabilities() -> None:
    [one] = sampled([row(["3"], prm="logprob-baseline")])
    assert one.values_N == (None,)
    [one] = sampled([row(["3"])])
    assert one.values_N == (0.7,)
