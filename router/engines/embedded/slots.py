"""The slots of the engine, given out first come, first served."""

from __future__ import annotations

import asyncio
from collections import deque

from compute_router.engines.base import Cut

__all__ = ["Slots"]


class Slots:
    """A group waits until all the slots it needs are free, and nobody overtakes it.

    llama.cpp itself would let single requests take every slot that falls free, so that groups starve until
    the end of a run and then decode in small, slow batches.
    """

    def __init__(self, free: int) -> None:
        self._free = free
        self._queue: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def take(self, n: int, cut: Cut | None = None) -> bool:
        """Wait for `n` slots, at most as many as there are; False where `cut` came first."""
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append((n, mine))
        self._serve()
        try:
            if cut is not None:
                await asyncio.wait((mine, cut), return_when=asyncio.FIRST_COMPLETED)
                if not mine.done():
                    mine.cancel()
                    self._serve()
                    return False
            await mine
            return True
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                self._free += n
            self._serve()
            raise

    def give_back(self, n: int) -> None:
        self._free += n
        self._serve()

    def _serve(self) -> None:
        while self._queue:
            n, waiter = self._queue[0]
            if not waiter.cancelled():
                if n > self._free:
                    return
                self._free -= n
                waiter.set_result(None)
            self._queue.popleft()
