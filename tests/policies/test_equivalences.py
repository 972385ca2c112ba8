"""Strategies that are the same thing under two names."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute_router.policies import AGGREGATES, SELECTS, Limits, Path, make
from support.drive import drive, faulty, toy_world

LIMITS = Limits(steps=6)


@given(
    seed=st.integers(0, 1000),
    n=st.integers(1, 8),
    rule=st.sampled_from(SELECTS),
    aggregate=st.sampled_from(sorted(AGGREGATES)),
    lookahead=st.integers(0, 2),
    stop=st.sampled_from(["never", "certain", "0.5", "0.7", "0.95"]),
    faults=st.booleans(),
)
@settings(max_examples=100, deadline=None)
def test_one_tree_of_dvts_is_beam_search(
    seed: int, n: int, rule: str, aggregate: str, lookahead: int, stop: str, faults: bool
) -> None:
    world = faulty(toy_world(seed), seed) if faults else toy_world(seed)
    when = "never" if rule == "max" else stop
    tail = f"n={n},m={n},select={rule},aggregate={aggregate},lookahead={lookahead},stop={when}"
    beam = drive(make(f"beam:{tail}").search(LIMITS), world)
    assert drive(make(f"dvts:{tail}").search(LIMITS), world) == beam


@pytest.mark.parametrize(
    "text",
    [
        "majority:n=1",
        "majority:n=1,stop=certain",
        "best_of_n:n=1",
        "best_of_n:n=1,reject=0.9",
        "beam:n=1,m=1",
        "beam:n=1,m=1,lookahead=1",
        "dvts:n=1,m=1",
        "rebase:n=1",
        "mcts:n=1,m=1",
        "reroute:n=1,m=1,probe=1",
    ],
)
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


@given(seed=st.integers(0, 1000), n=st.integers(1, 8))
@settings(max_examples=50, deadline=None)
def test_nor_does_it_change_a_vote_of_chains(seed: int, n: int) -> None:
    world = toy_world(seed, distinct=True, score=lambda path: (0.5,) * len(path.steps_S))
    plain = drive(make(f"majority:n={n}").search(LIMITS), world).outcome
    for text in (f"beam:n={n},m=1", f"beam:n={n},m=1,select=vote", f"best_of_n:n={n},select=weighted"):
        assert drive(make(text).search(LIMITS), world).outcome.answer == plain.answer
