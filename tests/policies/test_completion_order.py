"""A search is a value: what it finds, and what it costs, hangs on the world and not on who answers first."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.drive import drive, toy_world

from policies import SELECTS, Limits, Path, make

LIMITS = Limits(steps=6)
SPECS = (
    "greedy",
    "majority:n=6",
    "best_of_n:n=6,select=weighted,aggregate=min",
    "beam:n=6,m=2",
    "dvts:n=6,m=2,select=max,aggregate=product",
)


@pytest.mark.parametrize("text", SPECS)
@given(world=st.integers(0, 1000), order=st.integers(0, 1000))
@settings(max_examples=50, deadline=None)
def test_any_order_of_completion_gives_one_outcome_at_one_cost(text: str, world: int, order: int) -> None:
    strategy = make(text)
    first_come = drive(strategy.search(LIMITS), toy_world(world))
    assert drive(strategy.search(LIMITS), toy_world(world), order) == first_come


@given(world=st.integers(0, 1000), n=st.integers(1, 8), rule=st.sampled_from(SELECTS))
@settings(max_examples=50, deadline=None)
def test_one_tree_of_dvts_is_beam_search(world: int, n: int, rule: str) -> None:
    tail = f"n={n},m={n},select={rule}"
    beam = drive(make(f"beam:{tail}").search(LIMITS), toy_world(world))
    assert drive(make(f"dvts:{tail}").search(LIMITS), toy_world(world)) == beam


@pytest.mark.parametrize("text", ["majority:n=1", "best_of_n:n=1", "beam:n=1,m=1", "dvts:n=1,m=1"])
@given(seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_a_budget_of_one_is_one_sample(text: str, seed: int) -> None:
    world = toy_world(seed)
    one = drive(make("greedy").search(LIMITS), world).outcome
    other = drive(make(text).search(LIMITS), world).outcome
    assert other.answer == one.answer
    assert [path.text for path in other.paths_N] == [path.text for path in one.paths_N]


@pytest.mark.parametrize("rule", SELECTS)
@given(seed=st.integers(0, 1000), n=st.integers(1, 8))
@settings(max_examples=25, deadline=None)
def test_a_beam_of_single_children_is_best_of_n(rule: str, seed: int, n: int) -> None:
    # keep = n/1: no path is dropped, so every child is a chain of its own.
    world = toy_world(seed, distinct=True)
    chains = drive(make(f"best_of_n:n={n},select={rule}").search(LIMITS), world).outcome
    beam = drive(make(f"beam:n={n},m=1,select={rule}").search(LIMITS), world).outcome
    assert beam.answer == chains.answer
    assert {path.text for path in beam.paths_N} == {path.text for path in chains.paths_N}


@given(seed=st.integers(0, 1000), n=st.sampled_from([2, 4, 8]), m=st.sampled_from([1, 2]))
@settings(max_examples=50, deadline=None)
def test_a_scorer_without_an_opinion_leaves_the_vote_to_the_samples(seed: int, n: int, m: int) -> None:
    def no_opinion(path: Path) -> tuple[float, ...]:
        return (0.5,) * len(path.steps_S)

    # Solutions of one step: beam search samples exactly what plain sampling does. Some have the same text.
    world = toy_world(seed, steps=1, score=no_opinion)
    plain = drive(make(f"majority:n={n}").search(LIMITS), world).outcome
    beam = drive(make(f"beam:n={n},m={m},select=weighted").search(LIMITS), world).outcome
    assert beam.answer == plain.answer
    assert sorted(path.text for path in beam.paths_N) == sorted(path.text for path in plain.paths_N)


@pytest.mark.parametrize("text", SPECS)
@given(seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_no_extension_is_asked_twice(text: str, seed: int) -> None:
    asks = drive(make(text).search(LIMITS), toy_world(seed)).asks
    keys = [ask.key for ask in asks.elements() if hasattr(ask, "key")]
    assert len(keys) == len(set(keys))
