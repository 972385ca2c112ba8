"""A token budget that is never exceeded: an ask runs only with its worst case set aside."""

from __future__ import annotations

import asyncio
from collections import deque

__all__ = ["TokenBudget"]


class TokenBudget:
    """The budget of one problem, in tokens (`Ledger.spent`); None is no limit.

    `take` grants an ask up to what it wants, strictly in the order asked. An ask whose whole wish does
    not fit beside the wishes still out waits for them to be settled, and only then accepts less. So what
    each ask is granted depends on what the earlier ones used in the end, not on when they finished: the
    same budget gives the same search in any order of completion. A single ask can overdraw nothing.
    """

    def __init__(self, budget: int | None) -> None:
        self._left = budget
        self._out = 0
        self._is_closed = False
        self._queue: deque[tuple[int, asyncio.Future[int]]] = deque()

    @property
    def is_unlimited(self) -> bool:
        return self._left is None

    @property
    def is_empty(self) -> bool:
        """True where nothing can be granted any more."""
        return self._left is not None and self._left <= 0

    def close(self) -> None:
        """Grant nothing from now on, not even to those who wait; what is out need not be settled."""
        self._is_closed = True
        while self._queue:
            _, waiter = self._queue.popleft()
            if not waiter.done():
                waiter.set_result(0)

    async def take(self, wish: int) -> int:
        """Tokens granted, at most `wish`; 0 where nothing is left."""
        if self._is_closed:
            return 0
        if self._left is None:
            return wish
        granted: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._queue.append((wish, granted))
        self._serve()
        try:
            return await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled():
                self.settle(granted.result(), 0)
            self._serve()
            raise

    def settle(self, granted: int, used: int) -> None:
        """Return a grant after `used` tokens of it were spent."""
        if self._left is None or self._is_closed:
            return
        self._out -= granted
        self._left -= used
        self._serve()

    def _serve(self) -> None:
        assert self._left is not None
        while self._queue:
            wish, waiter = self._queue[0]
            if waiter.cancelled():
                self._queue.popleft()
                continue
            free = self._left - self._out
            if wish > free and self._out:
                return
            self._queue.popleft()
            grant = max(0, min(wish, free))
            self._out += grant
            waiter.set_result(grant)
