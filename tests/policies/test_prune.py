"""Dropping: a sample that is not worth its end is given up where that shows."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute_router.policies import Extend, Limits, Path, make
from support.drive import Driven, World, drive, write

LIMITS = Limits(steps=12)
# Of each sample the values of its steps; the last one states the answer.
SAMPLES = st.lists(
    st.lists(st.integers(0, 10).map(lambda k: k / 10), min_size=1, max_size=5), min_size=1, max_size=6
)
Samples = list[list[float]]


def samples(values: Samples, *, early: bool = False) -> World:
    """Sample i answers i, in its last step or, where `early`, in its first."""

    def said(child: int, depth: int) -> str:
        length = len(values[child])
        answers = depth == (1 if early else length)
        return (f"\\boxed{{{child}}}" if answers else f"{child} {depth}") + (
            "" if depth == length else "\n\n"
        )

    def extend(ask: Extend) -> Path:
        child = ask.path.lineage[0] if ask.path.lineage else ask.key.child
        depth = len(ask.path.steps_S) + 1
        if ask.until == "step":
            return write(ask, said(child, depth), "stop" if depth == len(values[child]) else "open")
        steps_S = tuple(
            step for at in range(len(values[child])) for step in write(ask, said(child, at + 1)).steps_S
        )
        return ask.path.grow(ask.key.child, steps_S, "stop")

    return World(extend, lambda path: tuple(values[path.lineage[0]][: len(path.steps_S)]))


def run(text: str, values: Samples, **how: bool) -> Driven:
    return drive(make(text).search(LIMITS), samples(values, **how))


@given(values=SAMPLES, prune=st.integers(1, 9).map(lambda k: k / 10))
@settings(max_examples=200, deadline=None)
def test_a_sample_ends_with_the_first_step_that_is_worth_less(values: Samples, prune: float) -> None:
    paths_N = run(f"best_of_n:n={len(values)},prune={prune}", values).outcome.paths_N
    for path, worth in zip(paths_N[:-1], values, strict=False):
        low = [at for at, one in enumerate(worth[:-1], 1) if one < prune]
        assert len(path.steps_S) == (low[0] if low else len(worth))
        assert path.finish == ("dropped" if low else "stop")
    assert [path.lineage[0] for path in paths_N] == list(range(len(values)))


@given(values=SAMPLES)
@settings(max_examples=100, deadline=None)
def test_there_is_always_an_answer(values: Samples) -> None:
    for text in ("prune=0.99", "prune=0.99,accept=0.5", "prune=0.99,select=weighted,stop=0.8"):
        assert run(f"best_of_n:n={len(values)},{text}", values).outcome.answer is not None


def test_the_last_sample_is_dropped_where_another_has_an_answer() -> None:
    values = [[0.9, 0.6], [0.1, 0.9]]
    first, second = run("best_of_n:n=2,prune=0.5,accept=0.7", values).outcome.paths_N
    assert (first.finish, second.finish) == ("stop", "dropped")


def test_what_has_stated_its_answer_goes_to_its_end() -> None:
    values = [[0.1, 0.1, 0.9], [0.1]]
    path = run("best_of_n:n=2,prune=0.5", values, early=True).outcome.paths_N[0]
    assert (path.finish, len(path.steps_S)) == ("stop", 3)


def test_what_cannot_be_scored_is_not_dropped() -> None:
    world = samples([[0.1, 0.9], [0.1, 0.9]])
    driven = drive(make("best_of_n:n=2,prune=0.9").search(LIMITS), World(world.extend, lambda path: ()))
    assert all(path.finish == "stop" for path in driven.outcome.paths_N)


@pytest.mark.parametrize(("aggregate", "steps"), [("last", 3), ("mean", 2)])
def test_the_value_is_that_of_the_aggregate(aggregate: str, steps: int) -> None:
    values = [[0.5, 0.3, 0.9, 0.9], [0.9]] if aggregate == "mean" else [[0.5, 0.5, 0.3, 0.9], [0.9]]
    path = run(f"best_of_n:n=2,prune=0.45,aggregate={aggregate}", values).outcome.paths_N[0]
    assert (path.finish, len(path.steps_S)) == ("dropped", steps)


def test_dropping_nothing_is_the_same_search_in_steps() -> None:
    values = [[0.4, 0.9], [0.8, 0.7], [0.3, 0.3]]
    whole = run("best_of_n:n=3,select=weighted", values).outcome
    watched = run("best_of_n:n=3,select=weighted,prune=0.01", values).outcome
    assert (watched.answer, watched.chosen) == (whole.answer, whole.chosen)
    assert [path.text for path in watched.paths_N] == [path.text for path in whole.paths_N]


@pytest.mark.parametrize("more", ["", ",prune=0.2", ",reject=0.5", ",select=weighted,stop=0.8,accept=0.9"])
def test_the_greedy_solution_comes_first_and_stands_for_one_sample(more: str) -> None:
    values = [[0.5, 0.5, 0.5]] * 4
    plain, led = run(f"best_of_n:n=4{more}", values), run(f"best_of_n:n=4{more},first=greedy", values)
    heats: dict[int, list[float]] = {}
    for ask in led.extends:
        child = ask.path.lineage[0] if ask.path.lineage else ask.key.child
        heats.setdefault(child, []).append(ask.temperature)
    assert set(heats[0]) == {0.0}
    assert {heat for child in (1, 2, 3) for heat in heats.get(child, [])} <= {LIMITS.temperature}
    assert [ask.key for ask in led.extends] == [ask.key for ask in plain.extends]
    assert {ask.temperature for ask in plain.extends} == {LIMITS.temperature}
