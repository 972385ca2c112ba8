"""Cutting tokens into steps loses none of them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from compute_router.engines.steps import STEP_END, Piece, cut_steps

TEXTS = st.sampled_from(["", " ", "\n", "\n\n", "a", ".\n\n", ".\n\n1", "b\n", "\n\n\n"])
PIECES = st.lists(st.builds(Piece, TEXTS, st.integers(0, 9), st.sampled_from([None, -0.5])), max_size=20)


@given(PIECES)
@settings(max_examples=200, deadline=None)
def test_the_steps_are_the_pieces(pieces: list[Piece]) -> None:
    steps = cut_steps(pieces)
    assert "".join(step.text for step in steps) == "".join(piece.text for piece in pieces)
    assert [token for step in steps for token in step.tokens_T] == [piece.token for piece in pieces]
    logprobs = [piece.logprob for piece in pieces if piece.logprob is not None]
    assert [logprob for step in steps for logprob in step.logprobs_T] == logprobs


@given(PIECES)
@settings(max_examples=200, deadline=None)
def test_no_step_is_blank_beside_others_and_each_ends_at_its_first_blank_line(pieces: list[Piece]) -> None:
    steps = cut_steps(pieces)
    assert all(step.text.strip() for step in steps) or len(steps) == 1
    assert all(step.tokens_T for step in steps)
    for step in steps[:-1]:
        assert STEP_END in step.text


def cut(*texts: str) -> list[str]:
    return [step.text for step in cut_steps(Piece(text, 1) for text in texts)]


def test_by_hand() -> None:
    assert cut() == []
    assert cut("a", ".\n\n", "b", "") == ["a.\n\n", "b"]
    assert cut("a", ".\n\n1", "b") == ["a.\n\n1", "b"]
    assert cut("a", "\n", "\n", "b") == ["a\n\n", "b"]
    assert cut("a\n\n", "\n\n", "b") == ["a\n\n", "\n\nb"]
    assert cut("a\n\n", "") == ["a\n\n"]
    assert cut("\n\n", "a\n\n", "b") == ["\n\na\n\n", "b"]
    assert cut("\n\n") == ["\n\n"]
