"""Turns single asks into batches: while one batch is out, the next one gathers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from router.errors import ScorerError

__all__ = ["Batcher"]

Ask = TypeVar("Ask")
Reply = TypeVar("Reply")

MAX_BATCH = 64


class Batcher(Generic[Ask, Reply]):
    """Calls `answer` with up to MAX_BATCH asks, one batch at a time.

    Where more wait, the one that waits longest goes with those nearest to it in `length`, so that little of
    a batch is padding and nobody starves; without `length` they go in the order asked.
    """

    def __init__(
        self,
        answer: Callable[[Sequence[Ask]], Awaitable[Sequence[Reply]]],
        *,
        length: Callable[[Ask], int] | None = None,
    ) -> None:
        self._answer = answer
        self._length = length
        self._waiting: list[tuple[Ask, asyncio.Future[Reply]]] = []
        self._out: list[tuple[Ask, asyncio.Future[Reply]]] = []
        self._pump: asyncio.Task[None] | None = None

    async def ask(self, ask: Ask) -> Reply:
        """The reply to one ask. Raises what `answer` raised, or ScorerError where it gave too few replies.

        Once every ask is cancelled, the batch that is out is cancelled too.
        """
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting.append((ask, reply))
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._run())
        try:
            return await reply
        except asyncio.CancelledError:
            await self._stop_if_unwanted()
            raise

    async def _stop_if_unwanted(self) -> None:
        if self._pump is None or not all(reply.done() for _, reply in (*self._waiting, *self._out)):
            return
        pump, self._pump = self._pump, None
        pump.cancel()
        await asyncio.gather(pump, return_exceptions=True)

    def _draw(self) -> list[tuple[Ask, asyncio.Future[Reply]]]:
        waiting = [(ask, reply) for ask, reply in self._waiting if not reply.cancelled()]
        length = self._length
        if length is not None and len(waiting) > MAX_BATCH:
            oldest = length(waiting[0][0])
            nearest = sorted(range(len(waiting)), key=lambda i: abs(length(waiting[i][0]) - oldest))
            chosen = set(nearest[:MAX_BATCH])  # the sort is stable: the oldest is among them
        else:
            chosen = set(range(min(MAX_BATCH, len(waiting))))
        self._waiting = [one for i, one in enumerate(waiting) if i not in chosen]
        return [one for i, one in enumerate(waiting) if i in chosen]

    async def _run(self) -> None:
        while self._waiting:
            batch = self._draw()
            if not batch:
                return
            self._out = batch
            try:
                replies = await self._answer([ask for ask, _ in batch])
                if len(replies) != len(batch):
                    raise ScorerError(f"the PRM answered {len(replies)} of {len(batch)} paths")
            except Exception as error:
                for _, waiter in batch:
                    if not waiter.done():
                        waiter.set_exception(error)
                continue
            for (_, waiter), reply in zip(batch, replies, strict=True):
                if not waiter.done():
                    waiter.set_result(reply)
