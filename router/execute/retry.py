"""The calls of one search that are on their way, and the only retry loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from compute_router.engines.base import Cut
from compute_router.errors import EngineError
from compute_router.execute.search_runner import SearchRunner

__all__ = ["RetryingCalls"]

T = TypeVar("T")

MAX_ATTEMPTS = 4
"""Attempts at one request in all; the waits between them double from FIRST_WAIT_S."""
FIRST_WAIT_S = 0.25


class RetryingCalls:
    """Calls on their way. Once `cut` is done, what fails is not tried again."""

    def __init__(self, cut: Cut) -> None:
        self._cut = cut
        self._out: set[asyncio.Future[Any]] = set()
        self.is_closed = False

    async def close(self) -> None:
        """Cancel what is on its way, and wait for it to end."""
        self.is_closed = True
        out = tuple(self._out)
        for reply in out:
            reply.cancel()
        await asyncio.gather(*out, return_exceptions=True)

    def start(
        self,
        runner: SearchRunner,
        work: Awaitable[T],
        use: Callable[[asyncio.Future[T]], Any],
        again: Callable[[], Awaitable[T]] | None = None,
    ) -> None:
        """Once `work` has ended, in whatever way, `runner` resumes with what `use` makes of it. Where `again`
        says how, a retryable EngineError is tried again first."""

        def ended(reply: asyncio.Future[T]) -> None:
            self._out.discard(reply)
            if again is not None and not reply.cancelled():
                error = reply.exception()
                if error is not None and self._may_help(error):
                    self.start(runner, self._again(again, error), use)
                    return
            runner.resume(use, reply)

        reply = work if isinstance(work, asyncio.Future) else asyncio.ensure_future(work)
        self._out.add(reply)
        reply.add_done_callback(ended)

    async def of(self, call: Callable[[], Awaitable[T]]) -> T:
        """The reply to `call`, tried again like the others."""
        try:
            return await call()
        except EngineError as error:
            return await self._again(call, error)

    async def _again(self, call: Callable[[], Awaitable[T]], error: BaseException) -> T:
        """`call` after the first try ended in `error`: again after a doubling wait, which a cut ends."""
        wait = FIRST_WAIT_S
        for _ in range(MAX_ATTEMPTS - 1):
            if self._may_help(error):
                await asyncio.wait((self._cut,), timeout=wait)
            if not self._may_help(error):  # nor after a cut that came meanwhile
                break
            wait *= 2
            try:
                return await call()
            except EngineError as another:
                error = another
        raise error

    def _may_help(self, error: BaseException) -> bool:
        """True where another try may end otherwise."""
        is_open = not (self.is_closed or self._cut.done())
        return is_open and isinstance(error, EngineError) and error.retryable
