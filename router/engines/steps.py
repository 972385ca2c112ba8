"""Cutting what an engine wrote into steps: a step ends at a blank line (arXiv 2502.06703, section 4.1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from compute_router.engines.ids import packed
from compute_router.policies import Step

__all__ = ["STEP_END", "Piece", "cut_steps"]

STEP_END = "\n\n"


@dataclass(frozen=True, slots=True)
class Piece:
    """One token as it came: its text may be empty (half of a character) and its log-probability absent."""

    text: str
    token: int
    logprob: float | None = None


def cut_steps(pieces_T: Iterable[Piece]) -> tuple[Step, ...]:
    """Steps from tokens, each up to the token that completes its blank line. No token is lost, and a
    blank step joins the one before it."""
    steps: list[Step] = []
    text = ""
    tokens: list[int] = []
    logprobs: list[float] = []

    def close() -> None:
        nonlocal text, tokens, logprobs
        step = Step(text, packed(tokens), tuple(logprobs))
        if steps and not text.strip():
            steps[-1] += step
        else:
            steps.append(step)
        text, tokens, logprobs = "", [], []

    for piece in pieces_T:
        text += piece.text
        tokens.append(piece.token)
        if piece.logprob is not None:
            logprobs.append(piece.logprob)
        # A token such as ".\n\n1" carries the start of the next step along; the cut stays between tokens.
        if STEP_END in text and text.strip():
            close()
    if tokens:
        close()
    return tuple(steps)
