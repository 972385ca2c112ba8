"""The engine protocol: tokens in, steps out. Async lives here and in the scheduler, nowhere else."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from compute_router.ledger import Tokens
from compute_router.policies import Step
from compute_router.policies.fast_frozen import record

__all__ = ["Cut", "Engine", "Extension", "ModelInfo", "Request", "cores"]

Cut: TypeAlias = asyncio.Future[None]
"""Done once what is being written is no longer wanted: a deadline passed, a cap of tokens was reached."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Who writes: `params` is the number of parameters, `context` the tokens one path may use in all,
    `fingerprint` the identity of the weights (a sha256, or the engine's own word)."""

    name: str
    params: int
    context: int
    fingerprint: str


@record
class Request:
    """Extend one path. `prompt_T` is the problem as `Engine.encode` gave it, `path_T` the tokens that
    the engine itself wrote so far. Siblings (the same prefix) carry consecutive seeds."""

    prompt_T: tuple[int, ...]
    path_T: tuple[int, ...]
    seed: int
    until: Literal["step", "end"]
    max_tokens: int
    temperature: float


@record
class Extension:
    """What the policy model wrote. `finish` is "open" where a step ended and the path can go on, "stop"
    where the model ended it, "length" where `max_tokens` did, "cut" where the caller did. `usage` is the
    engine's own count."""

    steps_S: tuple[Step, ...]
    finish: Literal["open", "stop", "length", "cut"]
    usage: Tokens


class Engine(Protocol):
    """A policy model that extends paths. Implementations are async context managers."""

    @property
    def model(self) -> ModelInfo: ...

    @property
    def slots(self) -> int:
        """How many paths the engine decodes side by side."""
        ...

    async def __aenter__(self) -> Engine: ...

    async def __aexit__(self, *exc: object) -> None: ...

    async def encode(self, problem: str, opening: str = "") -> tuple[int, ...]:
        """The problem as prompt tokens, by the model's own chat template, and what its solution begins with.

        Raises ContextOverflow where it leaves no room to answer, EngineError otherwise.
        """
        ...

    async def read(self, prompt_T: tuple[int, ...]) -> Tokens:
        """Read a prompt ahead of the paths that will share it, so that all of them find it cached; the bill.

        An engine whose siblings share a prefix anyway does nothing. Raises EngineError.
        """
        ...

    def extend(self, request: Request, cut: Cut | None = None) -> Awaitable[Extension]:
        """Extend one path. Once `cut` is done the engine stops writing and returns what it has so far,
        billed; cancelling the call stops the work too, but then nothing comes back.

        Awaiting raises ContextOverflow, or EngineError (`retryable` says whether another try may help). A
        coroutine will do; where thousands are in flight, a future costs less.
        """
        ...


def cores() -> int:
    """How many processors this program may use: all that there are where the system does not say."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
