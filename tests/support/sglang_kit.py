"""Engines over the double of SGLang, and what to ask of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from compute_router.engines.base import Request
from compute_router.engines.sglang import SGLangEngine, identify
from support.sglang_mock import SGLangMock, tokenize

__all__ = ["ask", "make", "until"]


def make(mock: SGLangMock, *, name: str = "Mock-1B", **how: Any) -> SGLangEngine:
    return SGLangEngine(mock.url, identify(mock.url), name=name, params=10**9, tokenizer=tokenize, **how)


def ask(*, seed: int = 1, until: str = "end", max_tokens: int = 100) -> Request:
    return Request(tuple(tokenize("What is 12 + 30?")), (), seed, until, max_tokens, 1.0)  # type: ignore[arg-type]


async def until(holds: Callable[[], bool]) -> None:
    """Return once `holds` does; fail where it never will."""
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - what changes lives in another thread
            await asyncio.sleep(0.001)
