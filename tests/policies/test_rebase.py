"""REBASE: who gets how many expansions, and how many solutions come of it."""

from __future__ import annotations

import math
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute_router.policies import Extend, Finish, Limits, Path, make
from compute_router.policies.rebase import shares
from support.drive import Driven, World, drive, faulty, toy_world, write

LIMITS = Limits(steps=6)
# Hundredths: two values are equal or clearly not.
VALUES = st.lists(st.integers(0, 100).map(lambda k: k / 100), min_size=1, max_size=20)


@given(values=VALUES, total=st.integers(1, 300))
@settings(max_examples=300, deadline=None)
def test_shares_by_their_definition(values: list[float], total: int) -> None:
    given_to = shares(values, total)
    assert sum(given_to) == total
    due = [math.exp(value / 0.1) for value in values]
    for i, share in enumerate(given_to):
        assert share >= 0
        assert abs(share - total * due[i] / sum(due)) < 1
        for j, other in enumerate(given_to):
            if values[i] > values[j]:
                assert share >= other
            if values[i] == values[j]:
                assert abs(share - other) <= 1


def test_shares_by_hand() -> None:
    assert shares([0.5], 7) == [7]
    assert shares([0.2, 0.2, 0.2], 4) == [2, 1, 1]  # of equals the first
    assert shares([0.0, 0.1], 4) == [1, 3]  # 1 : e
    assert shares([1.0, 0.0], 100) == [100, 0]
    assert shares([0.0, 0.0], 1) == [1, 0]


def rounds(driven: Driven) -> list[list[Extend]]:
    """The extensions round by round: first come, first served, so depths come one after the other."""
    return [list(asks) for _, asks in groupby(driven.extends, key=lambda ask: len(ask.key.parent))]


@given(seed=st.integers(0, 1000), n=st.integers(1, 12), fails=st.booleans())
@settings(max_examples=100, deadline=None)
def test_a_round_asks_for_no_more_than_is_still_to_come(seed: int, n: int, fails: bool) -> None:
    world = toy_world(seed, distinct=seed % 2 == 0)
    driven = drive(make(f"rebase:n={n}").search(LIMITS), faulty(world, seed) if fails else world)
    solutions = [path for path in driven.outcome.paths_N if path.finish != "failed"]
    for asks in rounds(driven):
        depth = len(asks[0].key.parent)
        assert len(asks) == n - len([path for path in solutions if len(path.lineage) <= depth])


@given(seed=st.integers(0, 1000), n=st.integers(1, 12), steps=st.integers(1, 6))
@settings(max_examples=100, deadline=None)
def test_where_nothing_fails_there_are_n_solutions(seed: int, n: int, steps: int) -> None:
    driven = drive(make(f"rebase:n={n}").search(Limits(steps=steps)), toy_world(seed, distinct=True))
    assert len(driven.outcome.paths_N) == n
    assert {path.finish for path in driven.outcome.paths_N} <= {"stop", "length"}
    assert max(len(path.lineage) for path in driven.outcome.paths_N) <= steps


def test_the_better_path_gets_the_expansions() -> None:
    def extend(ask: Extend) -> Path:
        if not ask.path.steps_S:
            return write(ask, "bad\n\n" if ask.key.child else "good\n\n")
        return write(ask, f"\\boxed{{{ask.path.text.strip()}}}", "stop")

    def score(path: Path) -> tuple[float, ...]:
        return tuple(0.4 if "good" in step.text else 0.3 for step in path.steps_S)

    outcome = drive(make("rebase:n=8").search(LIMITS), World(extend, score)).outcome
    # The bad one's equals are merged; e : 1 of eight expansions.
    assert [path.answer for path in outcome.paths_N] == ["good"] * 6 + ["bad"] * 2
    assert outcome.answer == "good"


def test_a_failed_expansion_is_handed_out_again() -> None:
    def extend(ask: Extend) -> Path:
        if not ask.path.steps_S:
            return write(ask, "on\n\n") if ask.key.child else ask.path.end(0, "failed", "gone")
        return write(ask, f"\\boxed{{{ask.key.child}}}", "stop")

    driven = drive(make("rebase:n=4").search(LIMITS), World(extend, lambda path: (0.5,) * len(path.steps_S)))
    assert [path.finish for path in driven.outcome.paths_N] == ["failed", *["stop"] * 4]
    assert len(driven.extends) == 8


def test_failures_are_no_solutions_however_many() -> None:
    def extend(ask: Extend) -> Path:
        if len(ask.path.steps_S) == 4:
            return write(ask, "end", "stop")
        return write(ask, f"{ask.key.child}\n\n") if ask.key.child else ask.path.end(0, "failed", "gone")

    driven = drive(make("rebase:n=3").search(LIMITS), World(extend, lambda path: (0.5,) * len(path.steps_S)))
    assert [path.finish for path in driven.outcome.paths_N].count("stop") == 3


@pytest.mark.parametrize("finish", ["failed", "budget", "deadline", "length"])
@pytest.mark.parametrize("depth", [0, 2])
def test_where_everything_ends_the_search_does(finish: Finish, depth: int) -> None:
    def extend(ask: Extend) -> Path:
        if len(ask.path.steps_S) < depth:
            return write(ask, f"{ask.key.child} \\boxed{{1}}\n\n")
        return ask.path.end(ask.key.child, finish)

    driven = drive(make("rebase:n=4").search(LIMITS), World(extend, lambda path: (0.5,) * len(path.steps_S)))
    assert {path.finish for path in driven.outcome.paths_N} == {finish}
    assert driven.outcome.answer == ("1" if depth else None)
    assert len(driven.extends) <= 4 * LIMITS.steps
