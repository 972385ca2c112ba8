"""Writing again: a step that halves the value is taken back, what was right before it stays."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute_router.policies import Extend, Limits, Path, Step, make
from support.drive import SPECS, Driven, World, drive, faulty, toy_world, write

LIMITS = Limits(steps=12)
# Of every sample, the values of the tries at each of its steps, as many as there may be; the step after the
# last of them states the answer.
TRIES = st.lists(
    st.lists(
        st.lists(st.integers(1, 20).map(lambda k: k / 20), min_size=3, max_size=3), min_size=1, max_size=4
    ),
    min_size=1,
    max_size=4,
)
Tries = list[list[list[float]]]


def world(values: Tries, *, blind: bool = False) -> World:
    """A step is `sample.depth.try`, and longer with every try."""

    def extend(ask: Extend) -> Path:
        depth = len(ask.path.steps_S)
        sample = ask.path.lineage[0] if depth else ask.key.child
        number = ask.key.child if depth else 0
        mark = f"{sample}.{depth}.{number}" + "!" * number
        last = depth + 1 == len(values[sample])
        return write(
            ask, f"{mark} \\boxed{{{sample}}}" if last else mark + "\n\n", "stop" if last else "open"
        )

    def score(path: Path) -> tuple[float, ...]:
        if blind:
            return ()
        return tuple(values[s][d][t] for s, d, t in map(_place, (step.text for step in path.steps_S)))

    return World(extend, score)


def _place(text: str) -> tuple[int, ...]:
    return tuple(int(part.rstrip("!")) for part in text.split()[0].split("."))


def run(text: str, values: Tries, **how: bool) -> Driven:
    return drive(make(text).search(LIMITS), world(values, **how))


@given(values=TRIES, backtrack=st.integers(1, 2))
@settings(max_examples=200, deadline=None)
def test_the_first_try_that_holds_stays_or_else_the_best(values: Tries, backtrack: int) -> None:
    paths_N = run(f"best_of_n:n={len(values)},backtrack={backtrack}", values).outcome.paths_N
    for sample, path in enumerate(paths_N):
        places = [_place(step.text) for step in path.steps_S]
        assert [place[:2] for place in places] == [(sample, at) for at in range(len(values[sample]))]
        assert places[0][2] == 0, "the first step has nothing to fall from"
        for (_, depth, number), before in zip(places[1:], path.scores_S, strict=False):
            tries = values[sample][depth][: backtrack + 1]
            is_last = depth + 1 == len(values[sample])  # an answer is never taken back
            held = [at for at, worth in enumerate(tries) if is_last or worth >= before / 2]
            assert number == (held[0] if held else tries.index(max(tries)))


@given(values=TRIES, backtrack=st.integers(0, 2))
@settings(max_examples=100, deadline=None)
def test_every_token_is_on_a_step_kept_or_taken_back(values: Tries, backtrack: int) -> None:
    driven = run(f"best_of_n:n={len(values)},backtrack={backtrack},first=greedy", values)
    steps = [step for path in driven.outcome.paths_N for step in path.steps_S]
    assert sum(len(step.tokens_T) + step.taken_back for step in steps) == driven.tokens
    assert len(steps) <= len(driven.extends) <= len(steps) * (backtrack + 1)


@pytest.mark.parametrize("text", [text for text in SPECS if "backtrack" in text and "prune" not in text])
@pytest.mark.parametrize("seed", range(20))
def test_so_it_is_where_calls_fail_and_scores_are_missing(text: str, seed: int) -> None:
    driven = drive(make(text).search(LIMITS), faulty(toy_world(seed, distinct=True), seed))
    steps = [step for path in driven.outcome.paths_N for step in path.steps_S]
    assert sum(len(step.tokens_T) + step.taken_back for step in steps) == driven.tokens


def test_every_try_is_another_draw_and_no_second_one_is_greedy() -> None:
    values = [[[0.9] * 3, [0.1, 0.2, 0.3], [0.3] * 3]] * 2
    driven = run("best_of_n:n=2,first=greedy,backtrack=2", values)
    assert max(Counter(ask.key for ask in driven.extends).values()) == 1
    heats = [ask.temperature for ask in driven.extends if ask.key.parent and ask.key.parent[0] == 0]
    assert heats == [0.0, LIMITS.temperature, LIMITS.temperature, 0.0]


def test_without_scores_nothing_is_written_again() -> None:
    values = [[[0.9] * 3, [0.1] * 3, [0.9] * 3]]
    assert len(run("best_of_n:n=1,backtrack=2", values, blind=True).extends) == 3


def test_a_sample_is_dropped_only_for_the_step_that_stays() -> None:
    mended, lost = [[0.9] * 3, [0.1, 0.6, 0.6], [0.9] * 3], [[0.9] * 3, [0.1, 0.2, 0.1], [0.9] * 3]
    paths_N = run("best_of_n:n=3,prune=0.25,backtrack=2", [mended, lost, mended]).outcome.paths_N
    assert [path.finish for path in paths_N] == ["stop", "dropped", "stop"]
    assert [_place(path.steps_S[1].text)[2] for path in paths_N] == [1, 1, 1]


@pytest.mark.parametrize("cut", ["budget", "failed"])
def test_a_try_that_is_cut_off_leaves_the_one_before_it(cut: str) -> None:
    plain = world([[[0.9] * 3, [0.1] * 3, [0.1] * 3]])

    def extend(ask: Extend) -> Path:
        again = len(ask.key.parent) == 1 and ask.key.child
        return ask.path.end(ask.key.child, cut) if again else plain.extend(ask)  # type: ignore[arg-type]

    [path] = drive(
        make("best_of_n:n=1,backtrack=2").search(LIMITS), World(extend, plain.score)
    ).outcome.paths_N
    assert (path.finish, path.answer, len(path.steps_S)) == ("stop", "0", 3)
    assert [step.taken_back for step in path.steps_S] == [0, 0, 0]


def test_the_last_sample_goes_to_its_end_where_none_has_an_answer() -> None:
    lost = [[0.9] * 3, [0.1] * 3, [0.9] * 3]
    paths_N = run("best_of_n:n=2,prune=0.25,backtrack=1", [lost, lost]).outcome.paths_N
    assert [path.finish for path in paths_N] == ["dropped", "stop"]
    assert paths_N[1].steps_S[1].taken_back == len("1.1.1!\n\n")


def test_a_blank_step_that_joins_a_mended_one_leaves_its_bill() -> None:
    mended = Step("a\n\n", (1, 2), taken_back=5)
    assert Path((), (mended,)).grow(0, (Step("\n\n", (3,)),), "open").steps_S[0].taken_back == 5
    assert (mended + mended).taken_back == 10
