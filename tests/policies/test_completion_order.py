"""A search is a value: what it finds, and what it costs, hangs on the world and not on who answers first."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute_router.policies import STRATEGIES, Limits, make
from support.drive import SPECS, Memory, drive, faulty, toy_world

LIMITS = Limits(steps=6)
SEEDS = st.integers(0, 1000)


def test_no_strategy_is_left_out() -> None:
    assert {text.partition(":")[0] for text in SPECS} == set(STRATEGIES)


@pytest.mark.parametrize("text", SPECS)
@given(seed=SEEDS, order=SEEDS, faults=st.booleans())
@settings(max_examples=25, deadline=None)
def test_any_order_of_completion_gives_one_outcome_at_one_cost(
    text: str, seed: int, order: int, faults: bool
) -> None:
    world = faulty(toy_world(seed), seed) if faults else toy_world(seed)
    first_come = drive(make(text).search(LIMITS), world)
    assert drive(make(text).search(LIMITS), world, order) == first_come


@pytest.mark.parametrize("text", SPECS)
@given(seed=SEEDS, faults=st.booleans())
@settings(max_examples=25, deadline=None)
def test_no_extension_is_asked_twice(text: str, seed: int, faults: bool) -> None:
    world = faulty(toy_world(seed), seed) if faults else toy_world(seed)
    keys = [ask.key for ask in drive(make(text).search(LIMITS), world).extends]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("text", SPECS)
@given(seed=SEEDS, order=SEEDS, again=SEEDS, done=st.floats(0, 1))
@settings(max_examples=25, deadline=None)
def test_an_interrupted_search_goes_on_from_what_was_recorded(
    text: str, seed: int, order: int, again: int, done: float
) -> None:
    world = toy_world(seed)
    whole = drive(make(text).search(LIMITS), world, order)
    recorded = dict(whole.log[: round(done * len(whole.log))])
    assert drive(make(text).search(LIMITS), Memory(recorded, world), again) == whole
