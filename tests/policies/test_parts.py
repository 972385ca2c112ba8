"""The three values that best_of_n is composed of: each checks itself, and each decides one thing."""

from __future__ import annotations

import pytest

from compute_router.policies import (
    BestOfN,
    Choosing,
    Limits,
    Majority,
    Path,
    Sampling,
    SpecError,
    Step,
    Stopping,
)
from compute_router.policies.sampling import FIRSTS


@pytest.mark.parametrize(
    ("part", "values", "message"),
    [
        (Sampling, {"n": 0}, "n=0 is not between 1 and 4096"),
        (Sampling, {"first": "beam"}, "first=beam is not known"),
        (Sampling, {"first": "gredy"}, "did you mean greedy?"),
        (Sampling, {"prune": 1.0}, "prune=1.0 is not a number from 0 to below 1"),
        (Sampling, {"backtrack": 17}, "backtrack=17 is not between 0 and 16"),
        (Sampling, {"prune": 0.1, "reject": 0.5}, "prune and reject exclude each other"),
        (Sampling, {"backtrack": 1, "reject": 0.5}, "backtrack and reject exclude each other"),
        (Stopping, {"stop": "0.4"}, "stop=0.4 is not known"),
        (Stopping, {"accept": 1.0}, "accept=1.0 is not a number from 0 to below 1"),
        (Choosing, {"select": "best"}, "select=best is not known"),
        (Choosing, {"aggregate": "median"}, "aggregate=median is not known"),
    ],
)
def test_a_part_checks_itself(part: type, values: dict[str, object], message: str) -> None:
    with pytest.raises(SpecError, match=message.replace("?", r"\?")):
        part(**values)


@pytest.mark.parametrize(
    ("sampling", "stopping", "choosing", "message"),
    [
        (Sampling(reject=0.5), Stopping(accept=0.7), Choosing(), "accept and reject exclude each other"),
        (Sampling(reject=0.5), Stopping("0.8"), Choosing("vote"), "stop and reject exclude each other"),
        (Sampling(), Stopping("0.8"), Choosing("max"), "stop needs a vote"),
    ],
)
def test_what_parts_exclude_between_them_is_checked_where_they_meet(
    sampling: Sampling, stopping: Stopping, choosing: Choosing, message: str
) -> None:
    with pytest.raises(SpecError, match=message):
        BestOfN(sampling, stopping, choosing)


@pytest.mark.parametrize("first", FIRSTS)
def test_only_the_first_solution_may_be_greedy(first: str) -> None:
    heat = [Sampling(3, first=first).temperature(child, Limits(temperature=0.7)) for child in range(3)]
    assert heat == [0.0 if first == "greedy" else 0.7, 0.7, 0.7]


def test_plain_samples_are_independent_and_whole() -> None:
    assert Sampling(16).is_plain
    for other in ({"first": "greedy"}, {"prune": 0.1}, {"backtrack": 1}, {"reject": 0.5}):
        assert not Sampling(16, **other).is_plain  # type: ignore[arg-type]


def test_stopping_accepts_an_answer_of_that_value_and_nothing_else() -> None:
    def path(text: str, score: float) -> Path:
        return Path((0,), (Step(text),), (score,), "stop")

    right = "so \\boxed{7}"
    assert Stopping(accept=0.7).accepts(path(right, 0.7), "last")
    assert not Stopping(accept=0.7).accepts(path(right, 0.69), "last")
    assert not Stopping(accept=0.7).accepts(path("no answer", 0.9), "last")
    assert not Stopping(accept=0.7).accepts(Path((0,), (Step(right),), (), "stop"), "last")
    assert not Stopping().accepts(path(right, 1.0), "last")
    assert Stopping().is_never
    assert not Stopping("certain").is_never


def test_majority_has_the_same_three_parts() -> None:
    majority = Majority(6, "0.9")
    assert (majority.sampling, majority.stopping) == (Sampling(6), Stopping("0.9"))
    assert majority.choosing == Choosing("vote")
