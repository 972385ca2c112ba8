"""The expectation over subsets against the search's own selection on every single subset."""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from itertools import combinations
from statistics import mean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compute_router.policies import AGGREGATES, SELECTS, Group, Outcome, Path, Step, select
from compute_router.training.subset_expectation import Blocks, Samples, accuracy, any_right, drawn_vote, most
from compute_router.training.sweep.record import RecordedPath

# One class of equal answers a row, two spellings each; what is right need not go by class.
ANSWERS = (("1a", "1b"), ("2a", "2b"), ("3a", "3b"), ("4a", "4b"))
GROUP = {spelling: group for group, spellings in enumerate(ANSWERS) for spelling in spellings}


def brute_force(
    paths_N: list[RecordedPath], rule: str, aggregate: str, dropped: frozenset[int] = frozenset()
) -> list[float]:
    """The mean over all subsets of what compute_router.policies.select chooses among them."""
    candidates = [_path(i, path, i in dropped) for i, path in enumerate(paths_N)]
    reached = [0.0]
    for n in range(1, len(paths_N) + 1):
        right = []
        for subset in combinations(range(len(paths_N)), n):
            search = select(tuple(candidates[i] for i in subset), rule, aggregate)
            ask = next(search)
            assert isinstance(ask, Group)
            votes = tuple(
                None if answer is None else paths_N[i].group
                for i, answer in zip(subset, ask.answers_N, strict=True)
            )
            with pytest.raises(StopIteration) as end:
                search.send(votes)
            outcome: Outcome = end.value.value
            right.append(outcome.chosen is not None and paths_N[subset[outcome.chosen]].correct is True)
        reached.append(mean(right))
    return reached


def _path(index: int, path: RecordedPath, dropped: bool) -> Path:
    text = "nothing" if path.answer is None else f"\\boxed{{{path.answer}}}"
    logprobs = () if path.logprob is None else (path.logprob,)
    steps = tuple(Step("", (0,), logprobs) for _ in range(len(path.scores) - 1))
    return Path((index,), (*steps, Step(text, (0,), logprobs)), path.scores, "dropped" if dropped else "stop")


coarse = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
fine = st.sampled_from([0.1, 0.2, 0.3, 0.7, 0.6, 0.9, 1 / 3]) | st.floats(0.001, 1)
logprobs = st.none() | st.sampled_from([-0.5, -0.25]) | st.floats(-3, 0)


@st.composite
def rows(draw: st.DrawFn, largest: int = 7) -> tuple[list[RecordedPath], frozenset[int]]:
    """Samples with equal answers, spellings, scores and probabilities more often than not."""
    n = draw(st.integers(1, largest))
    spellings = st.sampled_from([s for row in ANSWERS[: draw(st.integers(1, 4))] for s in row])
    right = draw(st.frozensets(spellings))
    score = draw(st.sampled_from([coarse, fine, st.just(0.5)]))
    logprob = draw(st.sampled_from([logprobs, st.just(-0.5), st.none()]))
    partly = draw(st.booleans())
    made = []
    for _ in range(n):
        answer = draw(st.none() | spellings)
        scores = tuple(draw(st.lists(score, min_size=0 if partly else 1, max_size=2)))
        group = None if answer is None else GROUP[answer]
        made.append(RecordedPath(answer, group, answer in right, scores=scores, logprob=draw(logprob)))
    return made, draw(st.just(frozenset[int]()) | st.frozensets(st.integers(0, n - 1)))


@pytest.mark.parametrize("rule", SELECTS)
@given(row=rows(), aggregate=st.sampled_from(sorted(AGGREGATES)))
def test_it_is_the_mean_over_every_subset(
    rule: str, row: tuple[list[RecordedPath], frozenset[int]], aggregate: str
) -> None:
    paths_N, dropped = row
    found = Samples(paths_N, dropped).accuracy(rule, aggregate)
    assert found.tolist() == pytest.approx(brute_force(paths_N, rule, aggregate, dropped), abs=1e-12)


@given(
    samples=st.lists(st.tuples(st.none() | st.integers(0, 3), st.booleans()), min_size=1, max_size=8),
)
def test_rules_that_look_at_no_value_are_means_over_every_subset_too(
    samples: list[tuple[int | None, bool]],
) -> None:
    voted, any_ = [0.0], [0.0]
    for n in range(1, len(samples) + 1):
        shares, found = [], []
        for subset in combinations(samples, n):
            counts = Counter(group for group, _ in subset if group is not None)
            largest = [
                right
                for group, right in subset
                if group is not None and counts[group] == max(counts.values())
            ]
            shares.append(mean(largest) if largest else 0.0)
            found.append(any(right for _, right in subset))
        voted.append(mean(shares))
        any_.append(mean(found))
    groups, right = [group for group, _ in samples], [right for _, right in samples]
    assert drawn_vote(groups, right).tolist() == pytest.approx(voted, abs=1e-12)
    assert any_right(right).tolist() == pytest.approx(any_, abs=1e-12)


def test_more_samples_than_are_counted_are_refused() -> None:
    assert any_right([True] * 64)[1] == 1
    with pytest.raises(ValueError, match="65 samples: at most 64"):
        any_right([True] * 65)
    with pytest.raises(ValueError, match="65 samples: at most 64"):
        drawn_vote([0] * 65, [True] * 65)


def drawn(n: int, rate: float, seed: int, score: float = 0.0) -> list[RecordedPath]:
    """Samples of which about `rate` are right; a `score` above 0 rounds the scores to multiples of it."""
    rng = random.Random(f"{n} {rate} {seed}")
    made = []
    for _ in range(n):
        answer = "1a" if rng.random() < rate else rng.choice(["2a", "3a", "4a", None])
        scores = tuple(rng.random() if not score else rng.randrange(5) * score for _ in range(3))
        group = None if answer is None else GROUP[answer]
        made.append(RecordedPath(answer, group, answer == "1a", 100, scores, -rng.random()))
    return made


@pytest.mark.parametrize("rule", SELECTS)
@pytest.mark.parametrize("score", [0.0, 0.25])
def test_it_is_the_mean_over_every_subset_of_eleven(rule: str, score: float) -> None:
    paths_N = drawn(11, 0.45, 3, score)
    assert accuracy(paths_N, rule, "mean").tolist() == pytest.approx(brute_force(paths_N, rule, "mean"))


@pytest.mark.parametrize("rule", SELECTS)
def test_of_one_sample_it_is_pass_at_1(rule: str) -> None:
    paths_N = drawn(16, 0.4, 0)
    assert accuracy(paths_N, rule)[1] == pytest.approx(mean(path.correct is True for path in paths_N))


@pytest.mark.parametrize("rule", SELECTS)
@pytest.mark.parametrize("size", [16, 64])
def test_the_order_of_the_samples_does_not_matter(rule: str, size: int) -> None:
    paths_N = drawn(min(size, most(rule)), 0.4, 1, 0.25)
    shuffled = random.Random(0).sample(paths_N, len(paths_N))
    assert accuracy(paths_N, rule).tolist() == pytest.approx(accuracy(shuffled, rule).tolist(), abs=1e-12)


def test_two_answers_of_64_samples_are_a_hypergeometric_race() -> None:
    # Wrong answers are the more probable, so that every tie goes to them.
    right = [RecordedPath("1a", 0, True, logprob=-2.0 - i / 100) for i in range(30)]
    wrong = [RecordedPath("2a", 30, False, logprob=-1.0 - i / 100) for i in range(24)]
    silent = [RecordedPath(None, None, False)] * 10
    found = accuracy([*right, *wrong, *silent], "vote")
    for n in (1, 2, 16, 33, 64):
        ways = sum(
            math.comb(30, a) * math.comb(24, b) * math.comb(10, n - a - b)
            for a in range(n + 1)
            for b in range(min(a, n - a + 1))
        )
        assert found[n] == pytest.approx(ways / math.comb(64, n), abs=1e-12)


def test_the_best_of_64_is_an_order_statistic() -> None:
    paths_N = [RecordedPath(f"{i}", i, i == 10, scores=(i / 64,)) for i in range(64)]
    found = accuracy(paths_N, "max")
    for n in range(1, 65):
        assert found[n] == pytest.approx(math.comb(10, n - 1) / math.comb(64, n), abs=1e-15)


@pytest.mark.parametrize("rule", SELECTS)
def test_more_samples_than_can_be_counted_are_refused_or_taken_in_blocks(rule: str) -> None:
    size = most(rule)
    paths_N = drawn(2 * size + 5, 0.4, 2)
    with pytest.raises(ValueError, match=f"exact for at most {size}"):
        accuracy(paths_N, rule)
    halves = accuracy(paths_N[:size], rule), accuracy(paths_N[size : 2 * size], rule)
    assert Blocks(paths_N).accuracy(rule).tolist() == pytest.approx(np.mean(halves, axis=0).tolist())


def test_what_was_not_graded_or_is_no_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="not graded"):
        accuracy([RecordedPath("1a", 0)], "vote")
    with pytest.raises(ValueError, match="'best' is not known"):
        accuracy(drawn(2, 0.5, 0), "best")


def test_a_hundred_problems_of_sixteen_samples_take_no_time() -> None:
    rows = [drawn(16, i / 100, i) for i in range(100)]
    start = time.process_time()
    for paths_N in rows:
        for rule in SELECTS:
            accuracy(paths_N, rule)
    assert time.process_time() - start < 1.5
