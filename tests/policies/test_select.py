"""Answer aggregation against naive references, and what must never change an answer."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute_router.policies import SELECTS, Extend, Outcome, Path, Step, select
from support.drive import World, drive, same_value


def path(answer: str | None, scores_S: tuple[float, ...] = (), logprob: float = -0.5, note: str = "") -> Path:
    text = note if answer is None else f"{note}\\boxed{{{answer}}}"
    return Path((0,), (Step(text, (1,), (logprob,)),), scores_S, "stop")


def refuse(ask: Extend) -> Path:
    raise AssertionError("choosing writes nothing")


WORLD = World(refuse, lambda path: ())


def choose(paths: list[Path], rule: str, aggregate: str = "last") -> Outcome:
    return drive(select(tuple(paths), rule, aggregate), WORLD).outcome


ANSWERS = st.sampled_from([None, "1", "2", "0.5", "1/2", "2/4", "x"])
# Sixteenths: sums are exact, so that the reference has the same ties.
SCORES = st.integers(0, 16).map(lambda k: (k / 16,))
LOGPROBS = st.sampled_from([-0.1, -0.5, -2.0])
SCORED = st.lists(st.builds(path, ANSWERS, SCORES, LOGPROBS), min_size=1, max_size=8)
MIXED = st.lists(st.builds(path, ANSWERS, st.one_of(SCORES, st.just(())), LOGPROBS), min_size=1, max_size=8)


def reference(paths: list[Path], rule: str) -> set[object]:
    """The values of all answers that win under `rule`, by the definition."""
    strength: dict[object, float] = {}
    for each in paths:
        if each.answer is None:
            continue
        key = "x" if each.answer == "x" else Fraction(each.answer)
        [score] = each.scores_S
        if rule == "max":
            strength[key] = max(strength.get(key, 0.0), score)
        else:
            strength[key] = strength.get(key, 0.0) + (1.0 if rule == "vote" else score)
    best = max(strength.values(), default=0.0)
    return {key for key, has in strength.items() if has == best} or {None}


@pytest.mark.parametrize("rule", SELECTS)
@given(paths=SCORED)
@settings(max_examples=100, deadline=None)
def test_the_answer_wins_by_definition(rule: str, paths: list[Path]) -> None:
    answer = choose(paths, rule).answer
    value = answer if answer in (None, "x") else Fraction(answer)
    assert value in reference(paths, rule)


@pytest.mark.parametrize("rule", SELECTS)
@given(paths=MIXED, data=st.data())
@settings(max_examples=100, deadline=None)
def test_the_order_of_the_paths_changes_nothing(rule: str, paths: list[Path], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(paths))
    one, other = choose(paths, rule), choose(shuffled, rule)
    assert other.answer == one.answer
    assert other.unscored == one.unscored
    if one.chosen is not None and other.chosen is not None:
        assert shuffled[other.chosen].text == paths[one.chosen].text


@given(paths=MIXED)
@settings(max_examples=50, deadline=None)
def test_the_chosen_path_states_the_answer(paths: list[Path]) -> None:
    for rule in SELECTS:
        outcome = choose(paths, rule)
        assert (outcome.chosen is None) == (outcome.answer is None)
        if outcome.chosen is not None:
            assert paths[outcome.chosen].answer == outcome.answer
        assert outcome.votes_N == same_value(tuple(each.answer for each in paths))


def test_equal_answers_in_other_words_are_one_candidate() -> None:
    paths = [path("3"), path("1/2"), path("3"), path("0.5"), path("0.5")]
    outcome = choose(paths, "vote")
    assert outcome.answer == "0.5"  # three against two, in the more frequent spelling
    assert outcome.votes_N == (0, 1, 0, 1, 1)


def test_their_values_add_up_too() -> None:
    paths = [path("3", (0.7,)), path("1/2", (0.4,)), path("0.5", (0.4,))]
    assert choose(paths, "weighted").answer in ("1/2", "0.5")
    assert choose(paths, "max").answer == "3"


@pytest.mark.parametrize("rule", SELECTS)
def test_paths_without_an_answer_never_win(rule: str) -> None:
    silent = [path(None, (1.0,), -0.01, "the answer remains open") for _ in range(5)]
    assert choose([*silent, path("7", (0.1,))], rule).answer == "7"
    nobody = choose(silent, rule)
    assert (nobody.answer, nobody.chosen) == (None, None)
    assert nobody.votes_N == (None,) * 5


@pytest.mark.parametrize("rule", ["max", "weighted"])
def test_without_any_score_the_majority_decides_and_says_so(rule: str) -> None:
    outcome = choose([path("1"), path("2"), path("2")], rule)
    assert (outcome.answer, outcome.unscored) == ("2", True)


@pytest.mark.parametrize("rule", ["max", "weighted"])
def test_a_path_without_a_score_has_no_say_beside_scored_ones(rule: str) -> None:
    outcome = choose([path("1"), path("1"), path("2", (0.1,))], rule)
    assert (outcome.answer, outcome.unscored) == ("2", False)


@pytest.mark.parametrize("rule", ["max", "weighted"])
def test_nor_does_it_break_a_tie_among_them(rule: str) -> None:
    tied = [path("1", (0.25,), -2.0), path("2", (0.25,), -0.1)]
    assert choose([*tied, path("1", logprob=-0.1), path("1", logprob=-0.1)], rule).answer == "2"


def test_a_vote_wants_no_scores() -> None:
    assert not choose([path("1"), path("2")], "vote").unscored


def test_a_tie_goes_to_the_more_probable_text_then_to_the_first_in_order() -> None:
    assert choose([path("2", logprob=-2.0), path("9", logprob=-0.1)], "vote").answer == "9"
    assert choose([path("9"), path("2")], "vote").answer == "2"
    assert choose([path("9", logprob=-math.inf), path("2", logprob=-math.inf)], "vote").answer == "2"


def test_a_path_that_was_given_up_has_no_say_unless_nobody_else_has() -> None:
    given_up = [replace(path("1"), finish="dropped")] * 2
    assert choose([*given_up, path("2")], "vote").answer == "2"
    assert choose([*given_up, path(None)], "vote").answer == "1"
