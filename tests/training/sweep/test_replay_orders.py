"""Arms that stop early, from samples that are there: the search itself, in orders that favour no sample."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute_router.policies import Extend, Limits, Path, Step, make
from compute_router.training.sweep.implied_arms import (
    SampleSet,
    has_plain_samples,
    sampler_of,
    samples_of,
)
from compute_router.training.sweep.implied_outcomes import implied_outcomes
from compute_router.training.sweep.record import Record, RecordedPath
from compute_router.training.sweep.replay_orders import Orders, _orders, replay
from support.drive import World, drive, write

EARLY = (
    "majority:n=5,stop=0.8",
    "majority:n=6,stop=certain",
    "best_of_n:n=6,accept=0.7",
    "best_of_n:n=4,select=weighted,stop=0.8",
    "best_of_n:n=6,stop=0.8,accept=0.7,select=weighted,aggregate=mean",
)
# What it says, its value, its tokens.
SAMPLES = st.lists(
    st.tuples(
        st.sampled_from([1, 1, 2, 3, None]), st.integers(0, 20).map(lambda k: k / 20), st.integers(1, 9)
    ),
    min_size=6,
    max_size=8,
)
Samples = list[tuple[int | None, float, int]]


def covers(arm: str, other: str) -> bool:
    """Whether all the samples of one arm hold those of the other."""
    made = sampler_of(arm)
    assert made is not None
    return SampleSet(made, made.n).answers_for(make(other))


def record(drawn: Samples, arm: str = "best_of_n:n=6", seed: int = 1) -> Record:
    """The answer 1 is right."""
    paths = tuple(
        RecordedPath(None if vote is None else str(vote), vote, vote == 1, tokens, (0.1, value), -0.5)
        for vote, value, tokens in drawn
    )
    return Record(
        "p", "tiny", arm, None, "What?", "1", prm="a PRM", seed=seed, tokens=99, prm_tokens=0, paths=paths
    )


def driven(drawn: Samples, arm: str) -> tuple[int, str | None]:
    """What a run of the arm's own finds, its i-th sample being the i-th."""

    def extend(ask: Extend) -> Path:
        vote, _, _ = drawn[ask.key.child]
        text = f"{ask.key.child} none" if vote is None else f"\\boxed{{{vote}}}"
        return write(ask, text, "stop")

    search = make(arm).search(Limits(steps=6))
    ended = drive(search, World(extend, lambda path: (drawn[path.lineage[0]][1],)))
    return len(ended.extends), ended.outcome.answer


@pytest.mark.parametrize("arm", EARLY)
@given(drawn=SAMPLES, random=st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_samples_in_an_order_are_a_run_of_its_own(arm: str, drawn: Samples, random: object) -> None:
    order = list(range(len(drawn)))
    random.shuffle(order)  # type: ignore[attr-defined]
    paths = [
        Path((i,), (Step("-" if vote is None else f"\\boxed{{{vote}}}", (0,)),), (value,), "stop")
        for i, (vote, value, _) in enumerate(drawn)
    ]
    strategy = sampler_of(arm)
    assert strategy is not None
    taken = replay(strategy, paths, [vote for vote, _, _ in drawn], order)
    samples, answer = driven([drawn[at] for at in order], arm)
    assert taken.samples == samples
    assert (None if taken.chosen is None else str(drawn[taken.chosen][0])) == answer


@pytest.mark.parametrize("n", [1, 2, 5, 16])
def test_each_sample_is_as_often_at_each_place_as_any_other(n: int) -> None:
    found = _orders(n, "1/p")
    assert all(sorted(order) == list(range(n)) for order in found)
    for place in range(n):
        assert set(Counter(order[place] for order in found).values()) == {len(found) // n}
    assert found == _orders(n, "1/p")
    assert n < 5 or found != _orders(n, "1/q")


@given(drawn=SAMPLES)
@settings(max_examples=60, deadline=None)
def test_an_arm_that_takes_one_sample_is_the_mean_sample(drawn: Samples) -> None:
    strategy = sampler_of("best_of_n:n=1,accept=0.7")
    assert strategy is not None
    mean = Orders(record(drawn)).mean(strategy)
    assert mean.samples == 1
    assert mean.accuracy == pytest.approx(sum(vote == 1 for vote, _, _ in drawn) / len(drawn))
    assert mean.tokens == pytest.approx(sum(tokens for _, _, tokens in drawn) / len(drawn))


@pytest.mark.parametrize("arm", EARLY)
@given(drawn=SAMPLES, seed=st.integers(0, 9))
@settings(max_examples=30, deadline=None)
def test_a_row_of_samples_says_what_an_early_stop_would_reach(arm: str, drawn: Samples, seed: int) -> None:
    row = record(drawn, f"best_of_n:n={len(drawn)},aggregate={'mean' if 'mean' in arm else 'last'}", seed)
    [outcome] = [one for one in implied_outcomes(row, (arm,)) if one.arm == arm]
    right, tokens = [], []
    for order in _orders(len(drawn), f"{seed}/p"):
        mine = [drawn[at] for at in order]
        if "mean" in arm:  # the scores of the row are 0.1 and the value
            mine = [(vote, (0.1 + value) / 2, cost) for vote, value, cost in mine]
        samples, answer = driven(mine, arm)
        right.append(answer == "1")
        tokens.append(sum(cost for _, _, cost in mine[:samples]))
    assert outcome.samples == len(drawn)
    assert outcome.tokens == pytest.approx(sum(tokens) / len(tokens))
    assert outcome.accuracy == pytest.approx(sum(right) / len(right))
    assert outcome.tokens <= sum(cost for _, _, cost in drawn)


def test_an_arm_of_more_samples_than_there_are_is_not_answered_for() -> None:
    row = record([(1, 0.5, 3)] * 6)
    assert not [one for one in implied_outcomes(row, ("best_of_n:n=7,accept=0.7",)) if "accept" in one.arm]
    assert [one for one in implied_outcomes(row, ("best_of_n:n=6,accept=0.7",)) if "accept" in one.arm]


def test_without_scores_no_arm_that_needs_them_is_answered_for() -> None:
    row = record([(1, 0.5, 3)] * 6)
    bare = tuple(RecordedPath("1", 1, True, 3) for _ in row.paths)
    named = ("best_of_n:n=6,accept=0.7", "majority:n=6,stop=0.8")
    assert {one.arm for one in implied_outcomes(replace(row, paths=bare), named)} >= {named[1]}
    assert named[0] not in {one.arm for one in implied_outcomes(replace(row, paths=bare), named)}


STEPWISE = "best_of_n:n=6,select=weighted,stop=0.8,accept=0.7,prune=0.3"


@given(drawn=SAMPLES)
@settings(max_examples=60, deadline=None)
def test_what_is_dropped_costs_its_steps_until_then(drawn: Samples) -> None:
    """Each sample has a step of a token and value 0.6, one of 2 tokens and 0.1 or 0.5, and what it says."""
    row = record(drawn)
    low = [tokens % 2 == 0 for _, _, tokens in drawn]
    paths = tuple(
        replace(
            path,
            scores=(0.6, 0.1 if gone else 0.5, path.scores[1]),
            step_tokens=(1, 2, tokens),
            tokens=3 + tokens,
        )
        for path, gone, (_, _, tokens) in zip(row.paths, low, drawn, strict=True)
    )
    [outcome] = [
        one for one in implied_outcomes(replace(row, paths=paths), (STEPWISE,)) if one.arm == STEPWISE
    ]
    tokens, right = [], []
    for order in _orders(len(drawn), "1/p"):
        mine = order[:6]
        # Dropped samples abstain; the last is spared where none has an answer.
        kept = [at for at in mine if not low[at]]
        spared = all(drawn[at][0] is None for at in kept)
        votes = [
            (drawn[at][0] if not low[at] or (spared and at == mine[-1]) else None, drawn[at][1], drawn[at][2])
            for at in mine
        ]
        samples, answer = driven(votes, STEPWISE.removesuffix(",prune=0.3"))
        right.append(answer == "1")
        tokens.append(
            sum(
                3 if low[at] and not (spared and at == mine[-1]) else 3 + drawn[at][2]
                for at in mine[:samples]
            )
        )
    assert outcome.accuracy == pytest.approx(sum(right) / len(right))
    assert outcome.tokens == pytest.approx(sum(tokens) / len(tokens))


def test_without_tokens_by_step_nothing_says_what_dropping_saves() -> None:
    row = record([(1, 0.5, 3)] * 6)
    assert STEPWISE not in {one.arm for one in implied_outcomes(row, (STEPWISE,))}


GREEDY_FIRST = "best_of_n:n=6,select=weighted,stop=0.8,accept=0.7,first=greedy"


@given(drawn=SAMPLES, seed=st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_a_row_that_begins_with_the_greedy_path_answers_for_arms_that_do(drawn: Samples, seed: int) -> None:
    row = record(drawn, f"best_of_n:n={len(drawn)},first=greedy", seed)
    assert samples_of(row) is not None
    assert not has_plain_samples(row)
    [outcome] = implied_outcomes(
        row, ("majority:n=4", "best_of_n:n=4,accept=0.7", GREEDY_FIRST, GREEDY_FIRST)
    )
    right, tokens = [], []
    orders = _orders(len(drawn), f"{seed}/p", first=1)
    for order in orders:
        mine = [drawn[at] for at in order]
        samples, answer = driven(mine, GREEDY_FIRST)
        right.append(answer == "1")
        tokens.append(sum(cost for _, _, cost in mine[:samples]))
    assert {order[0] for order in orders} == {0}
    assert all(sorted(order) == list(range(len(drawn))) for order in orders)
    assert outcome.arm == GREEDY_FIRST
    assert outcome.accuracy == pytest.approx(sum(right) / len(right))
    assert outcome.tokens == pytest.approx(sum(tokens) / len(tokens))


def test_samples_do_not_answer_for_arms_that_begin_with_a_greedy_path() -> None:
    row = record([(1, 0.5, 3)] * 6)
    assert GREEDY_FIRST not in {one.arm for one in implied_outcomes(row, (GREEDY_FIRST,))}
    mine, theirs = "best_of_n:n=8", "best_of_n:n=8,first=greedy"
    assert not covers(mine, theirs)
    assert not covers(theirs, mine)
    assert not covers(theirs, "majority:n=4")
    assert covers(theirs, "best_of_n:n=4,stop=0.8,select=weighted,first=greedy")


BACKTRACKING = "best_of_n:n=6,select=weighted,stop=0.8,accept=0.7,backtrack=2"


@given(drawn=SAMPLES, greedy=st.booleans())
@settings(max_examples=40, deadline=None)
def test_samples_with_backtracking_answer_for_arms_that_backtrack_alike(drawn: Samples, greedy: bool) -> None:
    first = ",first=greedy" if greedy else ""
    row = record(drawn, f"best_of_n:n={len(drawn)}{first},backtrack=2")
    assert samples_of(row) is not None
    assert not has_plain_samples(row)
    others = (
        BACKTRACKING.replace("backtrack=2", "backtrack=1"),
        BACKTRACKING.removesuffix(",backtrack=2"),
        GREEDY_FIRST,
        "majority:n=4",
    )
    [outcome] = implied_outcomes(row, (*others, BACKTRACKING + ",first=greedy", BACKTRACKING))
    assert outcome.arm == (BACKTRACKING + ",first=greedy" if greedy else BACKTRACKING)
    # No step is taken back twice: the arm chooses among these samples as one without backtracking does.
    plain = replace(row, arm=f"best_of_n:n={len(drawn)}{first}")
    arm = BACKTRACKING.replace(",backtrack=2", first)
    [other] = [one for one in implied_outcomes(plain, (arm,)) if one.arm == arm]
    assert outcome[1:] == other[1:]


def test_plain_samples_do_not_answer_for_arms_that_backtrack_nor_the_other_way_round() -> None:
    row = record([(1, 0.5, 3)] * 6)
    assert BACKTRACKING not in {one.arm for one in implied_outcomes(row, (BACKTRACKING,))}
    plain, backtracking = "best_of_n:n=8", "best_of_n:n=8,backtrack=2"
    assert not covers(plain, BACKTRACKING)
    assert not covers(backtracking, plain)
    assert not covers(backtracking, "majority:n=4")
    assert covers(backtracking, BACKTRACKING)
