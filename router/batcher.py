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
    """Calls `answer` with up to MAX_BATCH asks, one batch at a time, in the order asked."""

    def __init__(self, answer: Callable[[Sequence[Ask]], Awaitable[Sequence[Reply]]]) -> None:
        self._answer = answer
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

    async def _run(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            batch = [(ask, reply) for ask, reply in batch if not reply.cancelled()]
            if not batch:
                continue
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
