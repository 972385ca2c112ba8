"""Lookahead: a path is ranked by its future, and the future leaves no other trace."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute_router.policies import Extend, Limits, Path, make
from support.drive import World, drive, faulty, toy_world, write

LIMITS = Limits(steps=5)


def deceptive(ask: Extend) -> Path:
    """Child 0 begins well and ends badly, child 1 the other way round."""
    start = (*ask.key.parent, ask.key.child)[0]
    depth = len(ask.key.parent)
    if depth < 3:
        return write(ask, f"{start} at {depth}{'x' * ask.key.child}\n\n")
    return write(ask, f"\\boxed{{{start}}}", "stop")


def promise(path: Path) -> tuple[float, ...]:
    """By start and depth."""
    worths = {"0": (0.9, 0.8, 0.1, 0.1), "1": (0.2, 0.3, 0.9, 0.9)}
    return tuple(worths[path.text[0]][i] for i in range(len(path.steps_S)))


@pytest.mark.parametrize(("lookahead", "answer"), [(0, "0"), (1, "0"), (2, "1"), (3, "1"), (9, "1")])
@pytest.mark.parametrize("name", ["beam", "dvts"])
def test_paths_are_ranked_by_where_they_lead(name: str, lookahead: int, answer: str) -> None:
    text = f"{name}:n=2,m=2,lookahead={lookahead}"
    outcome = drive(make(text).search(LIMITS), World(deceptive, promise)).outcome
    assert outcome.answer == answer


@pytest.mark.parametrize("text", ["beam:n=6,m=2", "beam:n=4,m=4", "dvts:n=6,m=3", "dvts:n=4,m=1"])
@given(seed=st.integers(0, 1000), ahead=st.integers(1, 4), fails=st.booleans())
@settings(max_examples=50, deadline=None)
def test_the_future_is_greedy_bounded_and_not_in_the_outcome(
    text: str, seed: int, ahead: int, fails: bool
) -> None:
    world = toy_world(seed, distinct=True)
    driven = drive(make(f"{text},lookahead={ahead}").search(LIMITS), faulty(world, seed) if fails else world)
    future = [ask for ask in driven.extends if ask.temperature == 0.0]
    real = [ask for ask in driven.extends if ask.temperature != 0.0]
    born = {(ask.key.tree, (*ask.key.parent, ask.key.child)) for ask in real}
    keys = [ask.key for ask in driven.extends]
    assert len(keys) == len(set(keys))
    assert len(future) <= ahead * len(real)
    # A real path grows from real ones only, and only such are in the outcome.
    for ask in real:
        assert not ask.key.parent or (ask.key.tree, ask.key.parent) in born
    assert {path.lineage for path in driven.outcome.paths_N} <= {lineage for _, lineage in born}
    for ask in future:
        assert (ask.key.tree, (*ask.key.parent, ask.key.child)) not in born
        assert len(ask.key.parent) < LIMITS.steps  # no path gets so far
        assert any((ask.key.tree, ask.key.parent[: -i or None]) in born for i in range(ahead))


def test_a_path_that_has_ended_or_is_full_has_no_future() -> None:
    ended = drive(
        make("beam:n=4,m=2,lookahead=3").search(LIMITS),
        World(lambda ask: write(ask, f"\\boxed{{{ask.key.child}}}", "stop"), lambda path: (0.5,)),
    )
    assert len(ended.extends) == 4
    full = drive(
        make("beam:n=1,m=1,lookahead=3").search(Limits(path_tokens=4)),
        World(lambda ask: write(ask, "0123"), lambda path: (0.5,)),
    )
    assert [ask.temperature for ask in full.extends[:1]] == [0.7]
    assert not [ask for ask in full.extends if ask.temperature == 0.0]


def test_a_future_that_fails_leaves_the_path_its_own_worth() -> None:
    def extend(ask: Extend) -> Path:
        if ask.temperature == 0.0:
            return ask.path.end(ask.key.child, "failed", "gone")
        return deceptive(ask)

    outcome = drive(make("beam:n=2,m=2,lookahead=2").search(LIMITS), World(extend, promise)).outcome
    assert outcome.answer == "0"
    assert "failed" not in {path.finish for path in outcome.paths_N}
