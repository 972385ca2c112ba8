"""Re-routing: what follows the first samples, and that nothing of them is lost or paid for twice."""

from __future__ import annotations

from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute_router.policies import Assess, Extend, Limits, Outlook, Path, Score, make
from compute_router.policies.reroute import ARMS
from support.drive import Driven, World, drive, toy_world, write

LIMITS = Limits(steps=6)
OUTLOOKS = {
    "easy": Outlook(0.8, 0.1, 0.1),
    "medium": Outlook(0.1, 0.8, 0.1),
    "hard": Outlook(0.1, 0.1, 0.8),
}


def looks(label: str, world: World) -> World:
    return World(world.extend, world.score, assess=lambda ask: OUTLOOKS[label])


def run(arm: str, seed: int, *, label: str = "hard", probe: int = 3, m: int = 2) -> Driven:
    text = f"reroute:n=6,m={m},probe={probe},{label}={arm}"
    return drive(make(text).search(LIMITS), looks(label, toy_world(seed, distinct=True)))


def after_the_look(driven: Driven) -> list[object]:
    """What was asked of the policy model and the PRM once the samples were assessed."""
    asks = [ask for ask, _ in driven.log]
    [look] = [i for i, ask in enumerate(asks) if isinstance(ask, Assess)]
    return [ask for ask in asks[look:] if isinstance(ask, Extend | Score)]


@pytest.mark.parametrize("label", OUTLOOKS)
@pytest.mark.parametrize("arm", ARMS)
def test_the_outlook_names_what_follows(label: str, arm: str) -> None:
    driven = run(arm, 1, label=label)
    assert driven.outcome.rerouted == f"{label} after 3 samples: {arm}"
    [look] = [ask for ask in driven.asks if isinstance(ask, Assess)]
    assert look.paths_N == driven.outcome.paths_N[:3]
    assert all(path.is_scored for path in look.paths_N)
    trees = {ask.key.tree for ask in driven.extends}
    assert trees == {"beam": {0, 1}, "dvts": {0, 1, 2, 3}}.get(arm, {0})
    assert (len(driven.extends) == 3) == (arm == "stop")


def test_of_equally_likely_outlooks_the_harder_one() -> None:
    assert Outlook(0.5, 0.5, 0.0).label == "medium"
    assert Outlook(0.4, 0.2, 0.4).label == "hard"
    assert Outlook(0.0, 0.5, 0.5).label == "hard"
    assert Outlook(0.4, 0.3, 0.3).label == "easy"


@given(seed=st.integers(0, 1000), label=st.sampled_from(sorted(OUTLOOKS)))
@settings(max_examples=50, deadline=None)
def test_a_stop_asks_for_nothing_more(seed: int, label: str) -> None:
    driven = run("stop", seed, label=label)
    assert after_the_look(driven) == []
    plain = drive(make("majority:n=3").search(LIMITS), toy_world(seed, distinct=True))
    assert driven.outcome.answer == plain.outcome.answer


@pytest.mark.parametrize("arm", ARMS)
@given(seed=st.integers(0, 1000), probe=st.integers(1, 6))
@settings(max_examples=50, deadline=None)
def test_the_samples_stay_and_are_not_asked_for_again(arm: str, seed: int, probe: int) -> None:
    driven = run(arm, seed, probe=probe)
    assert max(driven.asks[ask] for ask in driven.extends) == 1
    assert len({ask.key for ask in driven.extends}) == len(driven.extends)
    world = toy_world(seed, distinct=True)
    chains = drive(make(f"best_of_n:n={probe}").search(LIMITS), world).outcome.paths_N
    assert driven.outcome.paths_N[:probe] == chains
    # Each solution is one vote: a sample of one step is not counted again as the tree's candidate.
    texts = [path.text for path in driven.outcome.paths_N]
    assert len(texts) == len(set(texts))


@pytest.mark.parametrize(
    ("arm", "fixed"), [("majority", "majority:n=6"), ("best_of_n", "best_of_n:n=6,select=weighted")]
)
@given(seed=st.integers(0, 1000), probe=st.integers(1, 6))
@settings(max_examples=50, deadline=None)
def test_more_samples_make_up_the_fixed_strategy(arm: str, fixed: str, seed: int, probe: int) -> None:
    driven = run(arm, seed, probe=probe)
    more = [ask for ask in after_the_look(driven) if isinstance(ask, Extend)]
    assert [ask.key.child for ask in more] == list(range(probe, 6))
    plain = drive(make(fixed).search(LIMITS), toy_world(seed, distinct=True))
    assert driven.outcome.answer == plain.outcome.answer
    assert [path.text for path in driven.outcome.paths_N] == [path.text for path in plain.outcome.paths_N]
    assert driven.tokens == plain.tokens
    scores = [ask for ask in after_the_look(driven) if isinstance(ask, Score)]
    assert len(scores) == (len(more) if arm == "best_of_n" else 0)


@pytest.mark.parametrize("arm", ["beam", "dvts"])
@given(seed=st.integers(0, 1000), probe=st.integers(1, 6))
@settings(max_examples=50, deadline=None)
def test_a_tree_starts_with_the_first_steps_of_the_samples(arm: str, seed: int, probe: int) -> None:
    driven = run(arm, seed, probe=probe)
    grown = [ask for ask in after_the_look(driven) if isinstance(ask, Extend)]
    first_round = [ask for ask in grown if not ask.key.parent]
    assert len(first_round) == 6 - probe
    # What grows on beside them grows from the first step of a sample that went on, unchanged.
    samples = [path for path in driven.outcome.paths_N[:probe] if len(path.steps_S) > 1]
    starts = {path.steps_S[0].text: path.scores_S[:1] for path in samples}
    replies = {ask.key: reply for ask, reply in driven.log if isinstance(ask, Extend)}
    own = {replies[ask.key].text for ask in first_round}
    second_round = [ask for ask in grown if len(ask.key.parent) == 1]
    for ask in second_round:
        text = ask.path.text
        assert text in own or ask.path.scores_S == starts[text]
    if probe == 6:
        assert [len(ask.key.parent) for ask in grown[:1]] in ([1], [])


def test_the_best_first_step_of_a_sample_is_what_the_beam_grows() -> None:
    def extend(ask: Extend) -> Path:
        if ask.until == "end":
            first = write(ask, f"start {ask.key.child}\n\n")
            return first.grow(0, write(ask, f"\\boxed{{{ask.key.child}}}").steps_S, "stop")
        if not ask.path.steps_S:
            return write(ask, f"new {ask.key.child}\n\n")
        return write(ask, f"\\boxed{{9{ask.key.child}}}", "stop")

    def score(path: Path) -> tuple[float, ...]:
        return tuple(0.9 if step.text == "start 1\n\n" else 0.2 for step in path.steps_S)

    world = looks("hard", World(extend, score))
    driven = drive(make("reroute:n=4,m=4,probe=3").search(LIMITS), world)
    assert [ask.path.text for ask in driven.extends[3:]] == ["", *["start 1\n\n"] * 4]
    assert [path.answer for path in driven.outcome.paths_N] == ["0", "1", "2", "90", "91", "92", "93"]


def test_samples_that_failed_leave_their_places_to_new_steps() -> None:
    def extend(ask: Extend) -> Path:
        if ask.until == "end":
            return ask.path.end(ask.key.child, "failed", "gone")
        return write(ask, f"\\boxed{{{ask.key.child}}}", "stop")

    world = looks("hard", World(extend, lambda path: (0.5,) * len(path.steps_S)))
    driven = drive(make("reroute:n=4,m=2,probe=3").search(LIMITS), world)
    sizes = [len(list(asks)) for _, asks in groupby(driven.extends, key=lambda ask: ask.until)]
    assert sizes == [3, 4]
    assert driven.outcome.answer is not None


def test_first_steps_and_new_ones_have_names_of_their_own() -> None:
    def extend(ask: Extend) -> Path:
        if ask.until == "end" and ask.key.child == 0:
            return ask.path.end(0, "failed", "gone")
        step = write(ask, f"{ask.until} {ask.key.child}\n\n")
        return step.grow(0, write(ask, "\\boxed{1}").steps_S, "stop") if ask.until == "end" else step

    for arm in ("beam", "dvts"):
        text = f"reroute:n=4,m=1,probe=3,hard={arm}"
        world = looks("hard", World(extend, lambda path: (0.5,) * len(path.steps_S)))
        driven = drive(make(text).search(LIMITS), world)
        keys = [ask.key for ask in driven.extends]
        assert len(keys) == len(set(keys)) == 3 + 2 + 4 * (LIMITS.steps - 1)
