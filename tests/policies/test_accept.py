"""Acceptance: samples come one by one until the PRM is sure enough of one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute_router.policies import Extend, Limits, Path, make
from support.drive import World, drive, one_value, write

LIMITS = Limits()
SAMPLES = st.lists(
    st.tuples(st.sampled_from(["1", "2", "3", None]), st.integers(0, 10).map(lambda k: k / 10)),
    min_size=1,
    max_size=8,
)


def samples(drawn: list[tuple[str | None, float]]) -> World:
    """Chain i says answer i in two steps; its last is worth value i, its first nothing at all."""

    def extend(ask: Extend) -> Path:
        answer = drawn[ask.key.child][0]
        first = write(ask, f"{ask.key.child} hence\n\n")
        end = write(ask, f"{ask.key.child} none" if answer is None else f"\\boxed{{{answer}}}")
        return ask.path.grow(ask.key.child, first.steps_S + end.steps_S, "stop")

    return World(extend, lambda path: (0.0, drawn[path.lineage[0]][1]))


@given(
    drawn=SAMPLES,
    accept=st.integers(1, 9).map(lambda k: k / 10),
    rule=st.sampled_from(["max", "weighted", "vote"]),
)
@settings(max_examples=200, deadline=None)
def test_the_first_that_is_good_enough_ends_it_and_is_the_answer(
    drawn: list[tuple[str | None, float]], accept: float, rule: str
) -> None:
    good = [i for i, (answer, worth) in enumerate(drawn) if answer is not None and worth >= accept]
    text = f"best_of_n:n={len(drawn)},select={rule}"
    driven = drive(make(f"{text},accept={accept}").search(LIMITS), samples(drawn))
    asked = [ask.key.child for ask in driven.extends]
    if good:
        assert asked == list(range(good[0] + 1))
        assert driven.outcome.chosen == good[0]
        assert driven.outcome.answer == drawn[good[0]][0]
    else:
        assert driven.outcome == drive(make(text).search(LIMITS), samples(drawn)).outcome


def test_no_sample_is_on_its_way_while_another_could_be_accepted() -> None:
    driven = drive(make("best_of_n:n=4,accept=0.5").search(LIMITS), samples([("1", 0.1)] * 4))
    kinds = [type(ask).__name__ for ask, _ in driven.log]
    assert kinds == ["Extend", "Score"] * 4 + ["Group"]


@pytest.mark.parametrize(("aggregate", "asked"), [("last", 1), ("min", 3)])
def test_the_value_is_that_of_the_aggregate(aggregate: str, asked: int) -> None:
    search = make(f"best_of_n:n=3,accept=0.5,aggregate={aggregate}").search(LIMITS)
    assert len(drive(search, samples([("1", 0.9)] * 3)).extends) == asked


def test_what_was_not_scored_is_not_accepted() -> None:
    world = samples([("1", 0.9), ("2", 0.9)])
    silent = World(world.extend, lambda path: ())
    driven = drive(make("best_of_n:n=2,accept=0.1").search(LIMITS), silent)
    assert len(driven.extends) == 2
    assert driven.outcome.unscored


def test_a_vote_may_be_settled_before_one_is_accepted() -> None:
    drawn = [("7", 0.2), ("7", 0.2), ("7", 0.2), ("7", 0.2), ("7", 0.2), ("8", 0.95)]
    votes = make("best_of_n:n=6,select=vote,stop=0.8,accept=0.9").search(LIMITS)
    driven = drive(votes, samples(drawn))
    assert one_value(driven.outcome.answer) == 7
    assert len(driven.extends) < len(drawn)
    alone = make("best_of_n:n=6,select=vote,accept=0.9").search(LIMITS)
    assert drive(alone, samples(drawn)).outcome.answer == "8"
