"""A test double that ships: an engine whose texts are a hash of (problem, seed), so a run repeats exactly.

It answers every problem with one of a few numbers; the more probable ones come up more often, so that
votes, scores and early stops have something to work on. `script` replaces the replies one by one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import blake2b

from compute_router.engines.base import Cut, Extension, ModelInfo, Request
from compute_router.engines.steps import STEP_END, Piece, cut_steps
from compute_router.errors import ContextOverflow
from compute_router.ledger import Tokens

__all__ = ["Script", "ScriptedEngine"]

Script = Callable[[Request], Awaitable[Extension | None]]
"""Sees each request first: returns the reply, raises an error, or returns None for the usual text."""

END = 0


class ScriptedEngine:
    """Tokens are single characters (their code points + 1); 0 ends a text.

    `delay_s` is the longest time a reply takes, the actual one a hash of the request.
    """

    def __init__(
        self,
        *,
        name: str = "scripted",
        params: int = 500_000_000,
        context: int = 4096,
        slots: int = 16,
        delay_s: float = 0.0,
        script: Script | None = None,
    ) -> None:
        self.model = ModelInfo(name, params, context, "scripted")
        self.slots = slots
        self._delay_s = delay_s
        self._script = script

    async def __aenter__(self) -> ScriptedEngine:
        return self

    async def __aexit__(self, *exc: object) -> None:
        return None

    async def encode(self, problem: str, opening: str = "") -> tuple[int, ...]:
        tokens_T = tuple(ord(char) + 1 for char in problem + opening)
        if len(tokens_T) >= self.model.context:
            raise ContextOverflow(
                f"the problem has {len(tokens_T)} tokens, the context holds {self.model.context}"
            )
        return tokens_T

    async def read(self, prompt_T: tuple[int, ...]) -> Tokens:
        return Tokens()

    async def extend(self, request: Request, cut: Cut | None = None) -> Extension:
        if cut is None or not (self._script or self._delay_s):
            return await self._write(request)
        writing = asyncio.ensure_future(self._write(request))
        try:
            await asyncio.wait((writing, cut), return_when=asyncio.FIRST_COMPLETED)
            if writing.done():
                return writing.result()
            return Extension((), "cut", Tokens(prompt=len(request.prompt_T) + len(request.path_T)))
        finally:
            writing.cancel()

    async def _write(self, request: Request) -> Extension:
        scripted = await self._script(request) if self._script else None
        draw = _hash(request.prompt_T, request.seed)
        if self._delay_s:
            await asyncio.sleep(self._delay_s * (draw % 1000) / 1000)
        return scripted or _usual(request, draw)


def _usual(request: Request, draw: int) -> Extension:
    rest = [Piece(char, ord(char) + 1, _logprob(draw, i)) for i, char in enumerate(_rest(request))]
    rest.append(Piece("", END))
    written = rest[: request.max_tokens]
    finish: str = "stop" if len(written) == len(rest) else "length"
    steps_S = cut_steps(written)
    if request.until == "step" and len(steps_S) > 1:
        steps_S, finish = steps_S[:1], "open"
    generated = sum(len(step.tokens_T) for step in steps_S)
    read = len(request.prompt_T) + len(request.path_T)
    usage = Tokens(prompt=read, cached=read - 1 if request.path_T else 0, generated=generated)
    return Extension(steps_S, finish, usage)  # type: ignore[arg-type]


def _hash(*parts: object) -> int:
    return int.from_bytes(blake2b(repr(parts).encode(), digest_size=8).digest(), "big")


def _rest(request: Request) -> str:
    """What follows the path so far: one to three steps in all, then the answer."""
    draw = _hash(request.prompt_T, request.seed if request.temperature else 0)
    right = _hash(request.prompt_T) % 90
    answer = right if draw % 10 < 5 else right + draw % 4
    had = "".join(chr(token - 1) for token in request.path_T).count(STEP_END)
    steps = [f"Step {i + 1}: consider {_hash(draw, i) % 1000}." for i in range(had, 1 + draw % 3)]
    return STEP_END.join([*steps, f"The answer is \\boxed{{{answer}}}."])


def _logprob(draw: int, at: int) -> float:
    return -(_hash(draw, at) % 100) / 100
