"""One path that is being written: its tokens so far, its text, and when it ends."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Literal

from compute_router.engines.base import Extension, Request
from compute_router.engines.steps import STEP_END, Piece, cut_steps
from compute_router.engines.torch.sampler import uniform
from compute_router.ledger import Tokens

__all__ = ["Writing"]

Finish = Literal["open", "stop", "length", "cut"]

BEFORE = 8
"""Tokens before the first new one that its text may depend on (a leading space, half of a character)."""


class Writing:
    """What is asked, and `reply`, called once with the Extension or an error."""

    def __init__(
        self,
        request: Request,
        tokenizer: Any,
        ends: frozenset[int],
        reply: Callable[[Extension | Exception], None],
    ) -> None:
        self.request = request
        self.reply = reply
        self.prefix_T = [*request.prompt_T, *request.path_T]
        self.cached = 0
        self.began = False
        self.unwanted = False
        """Set from the event loop; looked at between tokens."""
        self._backend = tokenizer.backend_tokenizer
        self._stream = import_module("tokenizers").decoders.DecodeStream(
            ids=self.prefix_T[-BEFORE:], skip_special_tokens=True
        )
        self._ends = ends
        self._pieces_T: list[Piece] = []
        self._text = ""

    @property
    def uniform(self) -> float:
        """What draws the next token."""
        return uniform(self.request.seed, len(self.request.path_T) + len(self._pieces_T))

    def take(self, token: int, logprob: float) -> Finish | None:
        """Add a token; how the writing has ended with it, None where it goes on."""
        ended = token in self._ends
        text = "" if ended else self._stream.step(self._backend, token) or ""
        self._pieces_T.append(Piece(text, token, logprob))
        self._text += text
        if ended:
            return "stop"
        if self.request.until == "step" and STEP_END in self._text and self._text.strip():
            return "open"
        return "length" if len(self._pieces_T) >= self.request.max_tokens else None

    def extension(self, finish: Finish) -> Extension:
        read = len(self.prefix_T) if self.began else 0
        usage = Tokens(prompt=read, cached=self.cached, generated=len(self._pieces_T))
        return Extension(cut_steps(self._pieces_T), finish, usage)

    @property
    def last(self) -> int:
        """The token written last."""
        return self._pieces_T[-1].token
