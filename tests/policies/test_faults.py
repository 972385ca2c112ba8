"""Whatever a search is told, it ends, within its limits, and loses no solution that it was given."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute_router.policies import Extend, Finish, Limits, Path, Score, make
from support.drive import SPECS, Driven, World, drive, faulty, same_value, toy_world

LIMITS = Limits(steps=6)
MOST = 6 * 9 * 3
"""Extensions at most: 6 rounds of 9 at the widest, two steps ahead of each."""


def solutions(driven: Driven, text: str) -> set[str]:
    """What the policy model ended itself; at temperature 0 there is only a future, unless it is greedy. What
    ends without an answer may be written again."""
    return {
        reply.text
        for ask, reply in driven.log
        if isinstance(ask, Extend)
        and reply.finish == "stop"
        and (ask.temperature or ask.until == "end")
        and (reply.answer is not None or "backtrack" not in text)
    }


@pytest.mark.parametrize("text", SPECS)
@given(seed=st.integers(0, 10_000), one_in=st.sampled_from([1, 2, 4, 8]), order=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_faults_end_paths_and_nothing_else(text: str, seed: int, one_in: int, order: int) -> None:
    driven = drive(make(text).search(LIMITS), faulty(toy_world(seed), seed, one_in=one_in), order)
    outcome = driven.outcome
    assert len(driven.extends) <= MOST
    assert outcome.votes_N in (
        same_value(tuple(None if path.finish == "dropped" else path.answer for path in outcome.paths_N)),
        same_value(tuple(path.answer for path in outcome.paths_N)),  # nobody but the dropped has an answer
    )
    assert solutions(driven, text) <= {path.text for path in outcome.paths_N}
    # Whatever states an answer can win.
    assert (outcome.answer is None) == (outcome.chosen is None)
    assert (outcome.answer is None) == all(path.answer is None for path in outcome.paths_N)
    assert not any(path.is_open for path in outcome.paths_N)
    assert not any(isinstance(ask, Score) and ask.path.finish == "failed" for ask in driven.asks)


@pytest.mark.parametrize("finish", ["budget", "deadline", "failed", "length"])
@pytest.mark.parametrize("text", SPECS)
@given(seed=st.integers(0, 1000), after=st.integers(0, 12))
@settings(max_examples=8, deadline=None)
def test_once_nothing_more_is_written_the_search_soon_ends(
    text: str, finish: Finish, seed: int, after: int
) -> None:
    world, written = toy_world(seed), 0

    def extend(ask: Extend) -> Path:
        nonlocal written
        written += 1
        return world.extend(ask) if written <= after else ask.path.end(ask.key.child, finish)

    driven = drive(make(text).search(LIMITS), World(extend, world.score))
    assert len(driven.extends) <= after + MOST
    assert driven.outcome.paths_N
    assert solutions(driven, text) <= {path.text for path in driven.outcome.paths_N}


@pytest.mark.parametrize("text", SPECS)
@given(
    seed=st.integers(0, 1000), steps=st.integers(1, 5),
    step_tokens=st.integers(1, 30), path_tokens=st.integers(1, 60),
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_limits_hold(text: str, seed: int, steps: int, step_tokens: int, path_tokens: int) -> None:
    limits = Limits(step_tokens, path_tokens, steps)
    driven = drive(make(text).search(limits), toy_world(seed, steps=8))
    for ask in driven.extends:
        assert ask.key.parent == ask.path.lineage
        room = limits.step_tokens if ask.until == "step" else limits.path_tokens
        assert ask.max_tokens == min(room, limits.path_tokens - ask.path.n_tokens)
        assert len(ask.key.parent) < steps
        assert ask.temperature in (0.0, limits.temperature)
    for path in driven.outcome.paths_N:
        assert path.n_tokens <= limits.path_tokens
        assert len(path.lineage) <= steps
        assert path.finish != "open"
