"""What the tests against a real SGLang server share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Protocol

from compute_router.engines.base import Engine, Extension

__all__ = ["PROBLEM", "Run", "ids", "text", "until"]

PROBLEM = "What is 12 + 30? Think step by step."


class Run(Protocol):
    def __call__(self, use: Callable[[Engine], Any]) -> Any: ...


def text(reply: Extension) -> str:
    return "".join(step.text for step in reply.steps_S)


def ids(reply: Extension) -> tuple[int, ...]:
    return tuple(token for step in reply.steps_S for token in step.tokens_T)


async def until(holds: Callable[[], bool], seconds: float) -> float:
    """The seconds until `holds`, which may block, does; fail where it has not within `seconds`."""
    start = time.monotonic()
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(holds):  # noqa: ASYNC110 - what changes is in another process
            await asyncio.sleep(0.05)
    return time.monotonic() - start
