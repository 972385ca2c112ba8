"""Speculative rejection: at every look the worst of what is still open goes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute_router.policies import Extend, Limits, Path, Score, make, value
from support.drive import Driven, World, draw, drive, toy_world, write

LIMITS = Limits(steps=12)


def level(steps: int, worth: float | None = None, seed: int = 0) -> World:
    """Every path has `steps` steps of one length; path i's steps are worth `worth`, or anything."""

    def extend(ask: Extend) -> Path:
        at = (*ask.key.parent, ask.key.child)
        while ask.until == "end" and len(at) < steps:
            return _whole(ask, steps)
        last = len(at) == steps
        return write(ask, _text(at[0], len(at), steps), "stop" if last else "open")

    def score(path: Path) -> tuple[float, ...]:
        if worth is not None:
            return (worth,) * len(path.steps_S)
        return tuple(draw(seed, path.lineage[0], i) % 1000 / 1000 for i in range(len(path.steps_S)))

    return World(extend, score)


def _text(child: int, depth: int, steps: int) -> str:
    return f"\\boxed{{{child:03}}}" if depth == steps else f"{child:03}{depth:03}\n\n"


def _whole(ask: Extend, steps: int) -> Path:
    path = write(ask, _text(ask.key.child, 1, steps), "open")
    for depth in range(2, steps + 1):
        path = path.grow(0, (write(ask, _text(ask.key.child, depth, steps)).steps_S), "stop")
    return path


def survivors(driven: Driven) -> list[int]:
    """How many paths grew at each depth."""
    depths = [len(ask.key.parent) for ask in driven.extends]
    return [depths.count(depth) for depth in range(max(depths) + 1)]


@pytest.mark.parametrize(
    ("n", "reject", "expected"),
    [
        (8, "0.5", [8, 8, 4, 4, 2, 2, 2, 2, 1, 1]),
        (8, "0.25", [8, 8, 6, 6, 5, 5, 5, 5, 4, 4]),
        (8, "0.99", [8, 8, 1, 1, 1, 1, 1, 1, 1, 1]),
        (3, "0.3", [3] * 10),  # less than one path
        (10, "0.9", [10, 10, 1, 1, 1, 1, 1, 1, 1, 1]),
    ],
)
def test_the_share_is_dropped_at_looks_after_2_4_8_steps(n: int, reject: str, expected: list[int]) -> None:
    driven = drive(make(f"best_of_n:n={n},reject={reject}").search(LIMITS), level(10))
    assert survivors(driven) == expected
    assert len(driven.outcome.paths_N) == n
    finishes = [path.finish for path in driven.outcome.paths_N]
    assert finishes.count("stop") == expected[-1]
    assert finishes.count("dropped") == n - expected[-1]


@pytest.mark.parametrize("aggregate", ["last", "min", "mean", "product"])
@given(seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_the_better_ones_survive(aggregate: str, seed: int) -> None:
    text = f"best_of_n:n=8,reject=0.5,aggregate={aggregate}"
    paths_N = drive(make(text).search(LIMITS), level(6, seed=seed)).outcome.paths_N
    assert [path.lineage[0] for path in paths_N] == list(range(8))
    for look in (2, 4):
        here = [path for path in paths_N if len(path.steps_S) >= look]
        gone = [path for path in here if len(path.steps_S) == look]
        worth = {path.lineage[0]: value(at(path, look), aggregate) or 0.0 for path in here}
        assert len(gone) == len(here) // 2
        assert max(worth[path.lineage[0]] for path in gone) <= min(
            worth[path.lineage[0]] for path in here if path not in gone
        )


def at(path: Path, look: int) -> Path:
    return Path(path.lineage[:look], path.steps_S[:look], path.scores_S[:look])


def test_of_equals_the_first_survives() -> None:
    paths_N = drive(make("best_of_n:n=4,reject=0.5").search(LIMITS), level(3, 0.5)).outcome.paths_N
    assert [path.finish for path in paths_N] == ["stop", "stop", "dropped", "dropped"]


def test_half_is_cheaper_than_none_where_all_are_as_long() -> None:
    for steps in (3, 6, 12):
        whole = drive(make("best_of_n:n=8").search(LIMITS), level(steps))
        half = drive(make("best_of_n:n=8,reject=0.5").search(LIMITS), level(steps))
        assert half.tokens < whole.tokens
    short = drive(make("best_of_n:n=8,reject=0.5").search(LIMITS), level(2))
    assert (
        short.tokens == drive(make("best_of_n:n=8").search(LIMITS), level(2)).tokens
    )  # no look comes in time


def test_one_step_is_asked_for_at_a_time_and_scored_once() -> None:
    driven = drive(make("best_of_n:n=8,reject=0.5").search(LIMITS), level(6))
    assert {ask.until for ask in driven.extends} == {"step"}
    assert not any(ask.path.is_scored for ask in driven.asks if isinstance(ask, Score))
    assert sum(isinstance(ask, Score) for ask, _ in driven.log) == len(driven.extends)


@given(seed=st.integers(0, 1000), n=st.integers(1, 8), reject=st.integers(1, 99))
@settings(max_examples=100, deadline=None)
def test_paths_that_ended_are_not_dropped_and_one_always_goes_on(seed: int, n: int, reject: int) -> None:
    world = toy_world(seed, steps=8, distinct=True)
    whole = drive(make(f"best_of_n:n={n}").search(LIMITS), world).outcome.paths_N
    paths_N = drive(make(f"best_of_n:n={n},reject={reject / 100}").search(LIMITS), world).outcome.paths_N
    for full, path in zip(whole, paths_N, strict=True):
        assert full.text.startswith(path.text)
        assert path.finish == ("stop" if path.text == full.text else "dropped")
        if len(full.steps_S) <= 2:
            assert path.finish == "stop"
    assert any(path.finish == "stop" for path in paths_N)


def test_a_path_of_the_greatest_depth_ends_there() -> None:
    driven = drive(make("best_of_n:n=2,reject=0.5").search(Limits(steps=5)), level(99, 0.5))
    assert [path.finish for path in driven.outcome.paths_N] == ["length", "dropped"]
    assert survivors(driven) == [2, 2, 1, 1, 1]
