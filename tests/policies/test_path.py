"""A path grows by steps; nothing that the engine wrote is ever lost, and no blank step stands alone."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from compute_router.policies import Finish, Path, Step

TEXTS = st.sampled_from(["", "\n\n", "  ", "one.\n\n", "two", "\\boxed{3}\n\n", "end"])
STEPS = st.builds(lambda text, n: Step(text, tuple(range(n)), (-0.5,) * n), TEXTS, st.integers(0, 3))
EXTENSIONS = st.lists(st.lists(STEPS, max_size=3).map(tuple), max_size=5)


@given(EXTENSIONS)
@settings(max_examples=100, deadline=None)
def test_growing_keeps_all_text_tokens_and_logprobs(extensions: list[tuple[Step, ...]]) -> None:
    path = Path()
    for child, steps in enumerate(extensions):
        path = path.grow(child, steps, "open")
    written = [step for steps in extensions for step in steps]
    assert path.text == "".join(step.text for step in written)
    assert path.tokens_T == tuple(token for step in written for token in step.tokens_T)
    assert path.n_tokens == len(path.tokens_T)
    assert [x for step in path.steps_S for x in step.logprobs_T] == [x for s in written for x in s.logprobs_T]
    assert path.lineage == tuple(range(len(extensions)))


@given(EXTENSIONS)
@settings(max_examples=100, deadline=None)
def test_a_blank_step_stands_alone_only_where_nothing_else_was_written(
    extensions: list[tuple[Step, ...]],
) -> None:
    path = Path()
    for child, steps in enumerate(extensions):
        path = path.grow(child, steps, "open")
        assert all(step.text.strip() for step in path.steps_S) or not path.text.strip()
        assert path.text.strip() or len(path.steps_S) <= 1


@given(EXTENSIONS)
@settings(max_examples=100, deadline=None)
def test_a_score_keeps_its_step(extensions: list[tuple[Step, ...]]) -> None:
    path = Path()
    for child, steps in enumerate(extensions):
        before = path.scored(tuple(i / 100 for i in range(len(path.steps_S))))
        path = before.grow(child, steps, "open")
        assert len(path.scores_S) <= len(path.steps_S)
        # Every score still stands with the words that it was given for.
        for at, score in enumerate(path.scores_S):
            assert score == at / 100
            assert path.steps_S[at].text.strip() == before.steps_S[at].text.strip()


def test_a_trailing_blank_step_is_not_scored_on_its_own() -> None:
    path = Path().grow(0, (Step("one.\n\n", (1, 2)),), "open").scored((0.8,))
    ended = path.grow(0, (Step("", (3,)),), "stop")
    assert ended.steps_S == (Step("one.\n\n", (1, 2, 3)),)
    assert ended.scores_S == (0.8,)
    assert ended.is_scored


def test_words_after_a_blank_beginning_belong_to_it_and_are_still_to_be_scored() -> None:
    path = Path().grow(0, (Step("\n\n", (1,)),), "open").scored((0.8,))
    grown = path.grow(0, (Step("one", (2,)),), "stop")
    assert grown.steps_S == (Step("\n\none", (1, 2)),)
    assert not grown.is_scored


def test_a_path_is_scored_when_every_step_is() -> None:
    path = Path().grow(0, (Step("one.\n\n"), Step("two")), "open")
    assert not Path().is_scored
    assert not path.is_scored
    assert not path.scored((0.1,)).is_scored
    assert path.scored((0.1, 0.2)).is_scored
    assert not path.scored((0.1, 0.2)).grow(0, (Step("three"),), "open").is_scored


def test_an_end_that_is_not_the_models_leaves_the_words_alone() -> None:
    path = Path().grow(2, (Step("one"),), "open").scored((0.5,))
    closed = path.end(1, "failed", "the engine is gone")
    assert (closed.steps_S, closed.scores_S) == (path.steps_S, path.scores_S)
    assert closed.lineage == (2, 1)
    assert closed.error == "the engine is gone"
    assert path.is_open
    finishes: tuple[Finish, ...] = ("stop", "length", "budget", "failed")
    assert not any(path.end(0, finish).is_open for finish in finishes)
