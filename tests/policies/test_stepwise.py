"""Beam search and DVTS: who is kept, who is merged, who ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from compute_router.policies import Extend, Key, Limits, Path, Score, Step, make
from support.drive import World, drive, toy_world

LIMITS = Limits(step_tokens=10, path_tokens=40, steps=6)


def write(ask: Extend, text: str, finish: str = "open") -> Path:
    return ask.path.grow(ask.key.child, (Step(text, tuple(map(ord, text))),), finish)  # type: ignore[arg-type]


def world(extend: Callable[[Extend], Path], score: Callable[[Step], float] = lambda step: 0.5) -> World:
    return World(extend, lambda path: tuple(map(score, path.steps_S)))


def extends(driven: object) -> list[Extend]:
    return [ask for ask in driven.asks.elements() if isinstance(ask, Extend)]  # type: ignore[attr-defined]


def test_the_best_are_kept_by_their_value() -> None:
    def extend(ask: Extend) -> Path:
        if not ask.path.steps_S:
            return write(ask, f"{ask.key.child}\n\n")
        return write(ask, f"\\boxed{{{ask.path.text[0]}}}", "stop")

    likes = {"3\n\n": 0.9, "1\n\n": 0.8}
    driven = drive(
        make("beam:n=4,m=2,aggregate=mean").search(LIMITS),
        world(extend, lambda step: likes.get(step.text, 0.1)),
    )
    assert [path.answer for path in driven.outcome.paths_N] == ["3", "3", "1", "1"]
    assert driven.outcome.answer == "3"
    assert len(extends(driven)) == 8


def test_a_failed_child_takes_no_place() -> None:
    def extend(ask: Extend) -> Path:
        if not ask.path.steps_S:
            return write(ask, "good\n\n")
        if ask.key.child == 0:
            return ask.path.end(0, "failed", "gone")  # with the score of its parent, above its sibling's
        return write(ask, f"\\boxed{{{ask.key.child}}}" if len(ask.path.steps_S) == 3 else "go\n\n", "open")

    def ended(ask: Extend) -> Path:
        path = extend(ask)
        return write(ask, "\\boxed{1}", "stop") if len(path.steps_S) == 4 else path

    scores = world(ended, lambda step: 0.9 if step.text == "good\n\n" else 0.2)
    outcome = drive(make("dvts:n=2,m=2").search(LIMITS), scores).outcome
    assert outcome.answer == "1"
    assert "failed" in {path.finish for path in outcome.paths_N}


def test_where_every_child_fails_the_search_ends() -> None:
    driven = drive(
        make("beam:n=4,m=2").search(LIMITS), world(lambda ask: ask.path.end(ask.key.child, "failed", "gone"))
    )
    assert driven.outcome.answer is None
    assert {path.finish for path in driven.outcome.paths_N} == {"failed"}
    assert len(extends(driven)) == 4


def test_open_children_with_one_text_go_on_as_one() -> None:
    def extend(ask: Extend) -> Path:
        if not ask.path.steps_S:
            return write(ask, "same\n\n")
        if len(ask.path.steps_S) == 1:
            return write(ask, f"{ask.key.child}\n\n")
        return write(ask, "\\boxed{1}", "stop")

    driven = drive(make("beam:n=8,m=2").search(LIMITS), world(extend))
    # 8 children, all alike; 2 of the one that is left; 2 of each of these: its places are not lost for good.
    assert len(extends(driven)) == 8 + 2 + 4


def test_solutions_with_one_text_are_a_vote_each() -> None:
    def extend(ask: Extend) -> Path:
        return write(ask, "\\boxed{1}" if ask.key.child else "\\boxed{2}", "stop")

    outcome = drive(make("beam:n=4,m=1").search(LIMITS), world(extend)).outcome
    assert len(outcome.paths_N) == 4
    assert outcome.answer == "1"


def test_a_kept_path_that_ended_keeps_its_place() -> None:
    def extend(ask: Extend) -> Path:
        if not ask.path.steps_S and ask.key.child == 0:
            return write(ask, "\\boxed{0}", "stop")
        return write(ask, f"{ask.key.child}\n\n")

    scores = world(extend, lambda step: 0.9 if "boxed" in step.text else 0.5)
    driven = drive(make("beam:n=4,m=2").search(Limits(steps=3)), scores)
    assert len(extends(driven)) == 4 + 2 + 2


def test_a_step_that_hits_its_limit_is_not_the_end() -> None:
    def extend(ask: Extend) -> Path:
        return write(ask, "0123456789"[: ask.max_tokens], "length")

    driven = drive(make("beam:n=1,m=1").search(LIMITS), world(extend))
    [path] = driven.outcome.paths_N
    assert path.finish == "length"
    assert path.n_tokens == LIMITS.path_tokens
    assert len(extends(driven)) == 4


def test_a_path_that_can_write_no_more_is_the_end() -> None:
    def extend(ask: Extend) -> Path:  # the context is full after one step
        return ask.path.end(0, "length") if ask.path.steps_S else write(ask, "one", "length")

    driven = drive(make("beam:n=1,m=1").search(LIMITS), world(extend))
    assert [path.finish for path in driven.outcome.paths_N] == ["length"]
    assert len(extends(driven)) == 2


def test_steps_are_limited() -> None:
    driven = drive(make("beam:n=2,m=2").search(LIMITS), world(lambda ask: write(ask, f"{ask.key.child}\n\n")))
    assert len(extends(driven)) == 2 * LIMITS.steps
    assert {path.finish for path in driven.outcome.paths_N} == {"length"}
    assert all(len(path.steps_S) == LIMITS.steps for path in driven.outcome.paths_N)


@pytest.mark.parametrize("text", ["best_of_n:n=4", "beam:n=4,m=2", "dvts:n=4,m=2"])
def test_only_paths_with_a_new_step_are_scored(text: str) -> None:
    for seed in range(20):
        driven = drive(make(text).search(LIMITS), toy_world(seed))
        assert not any(ask.path.is_scored for ask in driven.asks if isinstance(ask, Score))


@pytest.mark.parametrize("text", ["beam:n=1,m=1", "dvts:n=1,m=1"])
@pytest.mark.parametrize("end", ["stop", "budget"])
def test_a_path_that_ends_without_a_word_is_not_scored_again(text: str, end: str) -> None:
    def extend(ask: Extend) -> Path:
        if not ask.path.steps_S:
            return write(ask, "\\boxed{1}\n\n")
        return ask.path.end(0, "budget") if end == "budget" else write(ask, "", "stop")

    driven = drive(make(text).search(LIMITS), world(extend))
    assert [ask for ask in driven.asks if isinstance(ask, Score)] == [
        Score(write(Extend(Key(0, (), 0), Path(), "step", 10, 0.7), "\\boxed{1}\n\n"))
    ]
    assert driven.outcome.paths_N[0].is_scored


@pytest.mark.parametrize("text", ["majority:n=2", "best_of_n:n=2", "beam:n=4,m=2", "dvts:n=4,m=2", "greedy"])
def test_no_ask_exceeds_the_limits(text: str) -> None:
    for seed in range(20):
        for ask in extends(drive(make(text).search(LIMITS), toy_world(seed))):
            assert 0 < ask.max_tokens <= LIMITS.path_tokens - ask.path.n_tokens or ask.path.n_tokens >= 40
            assert ask.until == ("step" if text[:4] in ("beam", "dvts") else "end")
            assert ask.max_tokens <= (LIMITS.step_tokens if ask.until == "step" else LIMITS.path_tokens)
            assert ask.temperature == (0.0 if text == "greedy" else LIMITS.temperature)
            assert ask.key.parent == ask.path.lineage
