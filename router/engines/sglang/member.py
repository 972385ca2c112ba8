"""One member of a list call, and its reply to come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from compute_router.engines.base import Cut, Extension, Request
from compute_router.errors import EngineError

__all__ = ["Member"]


class Member(asyncio.Future[Extension]):
    """One request on its way: `sent` once a call holds it. `over` is there once the server has been told to
    stop, and done once it has. `left` is told when nobody waits any more: reply, error or cancellation."""

    __slots__ = ("_left", "cut", "over", "request", "rid", "sent")

    def __init__(
        self,
        request: Request,
        rid: str,
        cut: Cut | None,
        left: Callable[[Member], None],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(loop=loop)
        self.request = request
        self.rid = rid
        self.cut = cut
        self.sent = False
        self.over: asyncio.Future[None] | None = None
        self._left = left

    def end(self, reply: Extension | EngineError) -> None:
        """The server is done with it, or has failed."""
        if self.over is not None and not self.over.done():
            self.over.set_result(None)
        if self.done():
            return
        self._left(self)
        if isinstance(reply, EngineError):
            self.set_exception(reply)
        else:
            self.set_result(reply)

    def cancel(self, msg: object = None) -> bool:
        found = super().cancel(msg)
        if found:
            self._left(self)
        return found
