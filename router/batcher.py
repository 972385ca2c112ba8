"""Turns single asks into batches: while one batch is out, the next one gathers."""

from __future__ import annotations

import asyncio
from bisect import bisect_left, insort
from collections.abc import Awaitable, Callable, Sequence
from itertools import count
from typing import Generic, TypeAlias, TypeVar

from router.errors import ScorerError

__all__ = ["Batcher"]

Ask = TypeVar("Ask")
Reply = TypeVar("Reply")

_Waiting: TypeAlias = tuple[Ask, asyncio.Future[Reply], int]
"""An ask, its reply to come, its length."""

MAX_BATCH = 64


class Batcher(Generic[Ask, Reply]):
    """Calls `answer` with up to MAX_BATCH asks, one batch at a time.

    The longest go first, by `length`: a search that has come far is likeliest to be the one that others will
    wait for. Whoever waits longest goes along, so that nobody starves. Equals go in the order asked.
    """

    def __init__(
        self,
        answer: Callable[[Sequence[Ask]], Awaitable[Sequence[Reply]]],
        *,
        length: Callable[[Ask], int] = lambda ask: 0,
    ) -> None:
        self._answer = answer
        self._length = length
        self._numbers = count()
        self._waiting: dict[int, _Waiting[Ask, Reply]] = {}
        self._by_length: list[tuple[int, int]] = []
        self._out: list[_Waiting[Ask, Reply]] = []
        self._pump: asyncio.Task[None] | None = None

    async def ask(self, ask: Ask, pending: set[asyncio.Future[Reply]] | None = None) -> Reply:
        """The reply to one ask. Raises what `answer` raised, or ScorerError where it gave too few replies.

        While it is waited for, the reply to come is in `pending`; whoever no longer wants it may set it.
        Once nobody wants any of the batch that is out, it is cancelled.
        """
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        number, length = next(self._numbers), self._length(ask)
        self._waiting[number] = (ask, reply, length)
        insort(self._by_length, (length, -number))
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._run())
        if pending is not None:
            pending.add(reply)
        try:
            return await reply
        except BaseException:
            await self._stop_if_unwanted()
            raise
        finally:
            if pending is not None:
                pending.discard(reply)

    async def _stop_if_unwanted(self) -> None:
        pending = (*self._waiting.values(), *self._out)
        if self._pump is None or not all(reply.done() for _, reply, _ in pending):
            return
        pump, self._pump = self._pump, None
        pump.cancel()
        await asyncio.gather(pump, return_exceptions=True)

    def _draw(self) -> list[_Waiting[Ask, Reply]]:
        drawn = {-number for _, number in self._by_length[-MAX_BATCH:]}
        oldest = next(iter(self._waiting))
        if oldest in drawn:
            del self._by_length[-MAX_BATCH:]
        else:
            drawn.remove(-self._by_length[-MAX_BATCH][1])
            drawn.add(oldest)
            del self._by_length[1 - MAX_BATCH :]
            del self._by_length[bisect_left(self._by_length, (self._waiting[oldest][2], -oldest))]
        return [one for one in map(self._waiting.pop, sorted(drawn)) if not one[1].done()]

    async def _run(self) -> None:
        while self._waiting:
            batch = self._out = self._draw()
            if not batch:
                continue
            try:
                replies = await self._answer([ask for ask, _, _ in batch])
                if len(replies) != len(batch):
                    raise ScorerError(f"the PRM answered {len(replies)} of {len(batch)} paths")
            except Exception as error:
                for _, waiter, _ in batch:
                    if not waiter.done():
                        waiter.set_exception(error)
                continue
            for (_, waiter, _), reply in zip(batch, replies, strict=True):
                if not waiter.done():
                    waiter.set_result(reply)
