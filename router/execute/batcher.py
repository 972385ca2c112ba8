"""Turns single asks into batches: while one batch is out, the next one gathers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from heapq import heappop, heappush
from itertools import count
from typing import Generic, TypeVar

from compute_router.errors import RouterError, ScorerError

__all__ = ["Batcher"]

Ask = TypeVar("Ask")
Reply = TypeVar("Reply")

MAX_BATCH = 64


class Batcher(Generic[Ask, Reply]):
    """Calls `answer` with up to MAX_BATCH asks, one batch at a time. A reply may be an error of its ask.

    The longest go first, by `length`: a search that has come far is likeliest to be the one that others will
    wait for. Whoever waits longest goes along, so that nobody starves. Equals go in the order asked.
    """

    def __init__(
        self,
        answer: Callable[[Sequence[Ask]], Awaitable[Sequence[Reply | RouterError]]],
        *,
        length: Callable[[Ask], int] = lambda ask: 0,
    ) -> None:
        self._answer = answer
        self._length = length
        self._numbers = count()
        self._waiting: dict[int, _Waiting[Ask, Reply]] = {}
        self._longest: list[tuple[int, int]] = []  # a heap of (-length, number); some no longer wait
        self._out: list[_Waiting[Ask, Reply]] = []
        self._pump: asyncio.Task[None] | None = None
        self._stopped: set[asyncio.Task[None]] = set()

    def ask(self, ask: Ask) -> asyncio.Future[Reply]:
        """The reply to one ask, to come: what `answer` raised or gave as its error, or ScorerError where it
        gave too few replies.

        Whoever no longer wants it cancels it. Once nobody wants any of the batch that is out, nor of those
        that wait, it is cancelled.
        """
        number = next(self._numbers)
        waiting = self._waiting[number] = _Waiting(ask, self._stop_if_unwanted, asyncio.get_running_loop())
        heappush(self._longest, (-self._length(ask), number))
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._run())
        return waiting

    async def rest(self) -> None:
        """Return once the batches that were cancelled have ended."""
        await asyncio.gather(*self._stopped, return_exceptions=True)

    def _stop_if_unwanted(self) -> None:
        pump = self._pump
        if pump is None or not all(one.done() for one in (*self._waiting.values(), *self._out)):
            return
        self._pump = None
        self._waiting.clear()
        self._longest.clear()
        self._stopped.add(pump)
        pump.add_done_callback(self._stopped.discard)
        pump.cancel()

    def _draw(self) -> list[_Waiting[Ask, Reply]]:
        if len(self._waiting) <= MAX_BATCH:
            drawn = [*self._waiting]
            self._longest.clear()
        else:
            drawn = [next(iter(self._waiting))]
            while len(drawn) < MAX_BATCH:
                _, number = heappop(self._longest)
                if number in self._waiting and number != drawn[0]:
                    drawn.append(number)
            drawn.sort()
        return [one for one in map(self._waiting.pop, drawn) if not one.done()]

    async def _run(self) -> None:
        while self._waiting:
            batch = self._out = self._draw()
            if not batch:
                continue
            try:
                replies = await self._answer([one.ask for one in batch])
                if len(replies) != len(batch):
                    raise ScorerError(f"the PRM answered {len(replies)} of {len(batch)} paths")
            except Exception as error:
                for one in batch:
                    if not one.done():
                        one.set_exception(error)
                continue
            for one, reply in zip(batch, replies, strict=True):
                if one.done():
                    continue
                if isinstance(reply, RouterError):
                    one.set_exception(reply)
                else:
                    one.set_result(reply)


class _Waiting(asyncio.Future[Reply], Generic[Ask, Reply]):
    """One ask, and its reply to come."""

    __slots__ = ("_cancelled", "ask")

    def __init__(self, ask: Ask, cancelled: Callable[[], None], loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self.ask = ask
        self._cancelled = cancelled

    def cancel(self, msg: object = None) -> bool:
        found = super().cancel(msg)
        if found:
            self._cancelled()
        return found
