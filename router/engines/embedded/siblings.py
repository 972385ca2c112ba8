"""Samples that share a prefix, asked within the same moment, become one request of n samples.

The engine then reads the prefix once for all of them. That works because siblings carry consecutive
seeds (seeds.py) and llama.cpp samples the i-th of n from seed + i: grouped or alone, a sample has
the same seed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from compute_router.engines.base import Cut, Extension, Request
from compute_router.engines.embedded.slots import Slots
from compute_router.errors import EngineError
from compute_router.ledger import Tokens

__all__ = ["Siblings"]

Sample = Callable[[Request, int, Cut | None], AsyncIterator[tuple[int, Extension]]]
"""(the first request, n, cut) -> (index, extension) as each of the n samples ends or is cut."""

Key = tuple[Request, Cut | None]
"""What siblings share: the request but for its seed, and who may cut it."""

WINDOW_S = 0.001


class Siblings:
    """Groups requests and hands each sample back the moment it ends.

    At most `most` samples go into a group, and groups start in the order asked as `slots` fall free. A
    sample that is cancelled is forgotten; once every sample of a group is, the request is closed.
    """

    def __init__(self, sample: Sample, *, most: int, slots: int) -> None:
        self._sample = sample
        self._most = min(most, slots)
        self._slots = Slots(slots)
        self._waiting: dict[Key, list[tuple[int, asyncio.Future[Extension]]]] = {}
        self._replies: set[asyncio.Future[Extension]] = set()
        self._flush: asyncio.TimerHandle | None = None
        self._groups: set[asyncio.Task[None]] = set()

    async def extend(self, request: Request, cut: Cut | None = None) -> Extension:
        loop = asyncio.get_running_loop()
        reply: asyncio.Future[Extension] = loop.create_future()
        self._replies.add(reply)
        reply.add_done_callback(self._replies.discard)
        self._waiting.setdefault((replace(request, seed=0), cut), []).append((request.seed, reply))
        if self._flush is None:
            self._flush = loop.call_later(WINDOW_S, self._start)
        return await reply

    async def close(self) -> None:
        """End every request; whoever still waits gets an EngineError."""
        if self._flush is not None:
            self._flush.cancel()
        for task in self._groups:
            task.cancel()
        await asyncio.gather(*self._groups, return_exceptions=True)
        for reply in self._replies:
            if not reply.done():
                reply.set_exception(EngineError("the engine was closed", retryable=False))

    def _start(self) -> None:
        self._flush = None
        waiting, self._waiting = self._waiting, {}
        for (request, cut), members in waiting.items():
            for group in _consecutive(sorted(members, key=lambda member: member[0]), self._most):
                self._spawn(replace(request, seed=group[0][0]), [reply for _, reply in group], cut)

    def _spawn(self, first: Request, replies: list[asyncio.Future[Extension]], cut: Cut | None) -> None:
        task = asyncio.create_task(self._run(first, replies, cut))
        self._groups.add(task)
        task.add_done_callback(self._groups.discard)

        def cancel_when_unwanted(_: asyncio.Future[Extension]) -> None:
            if all(reply.done() for reply in replies) and any(reply.cancelled() for reply in replies):
                task.cancel()

        for reply in replies:
            reply.add_done_callback(cancel_when_unwanted)

    async def _run(self, first: Request, replies: list[asyncio.Future[Extension]], cut: Cut | None) -> None:
        error: Exception = EngineError("the engine closed the stream before every sample had ended")
        running = len(replies)
        if not await self._slots.take(running, cut):
            for reply in replies:
                if not reply.done():
                    reply.set_result(Extension((), "cut", Tokens()))
            return
        try:
            async for index, extension in self._sample(first, len(replies), cut):
                running -= 1
                self._slots.give_back(1)
                if not replies[index].done():
                    replies[index].set_result(extension)
        except Exception as caught:
            error = caught
        finally:
            self._slots.give_back(running)
        for reply in replies:
            if not reply.done():
                reply.set_exception(error)


def _consecutive(
    members: list[tuple[int, asyncio.Future[Extension]]], most: int
) -> list[list[tuple[int, asyncio.Future[Extension]]]]:
    groups: list[list[tuple[int, asyncio.Future[Extension]]]] = []
    for member in members:
        if groups and len(groups[-1]) < most and groups[-1][-1][0] + 1 == member[0]:
            groups[-1].append(member)
        else:
            groups.append([member])
    return groups
