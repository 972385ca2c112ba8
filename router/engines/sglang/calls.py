"""Requests of one moment become one list call, and each gets its own reply as soon as it is there.

Why a streamed list. A list call without streaming returns when its last member is done, a barrier that a
search would wait at after every step; one call a request costs several times the CPU. A streamed list
has neither fault: its chunks name their member. Streaming itself would cost a chunk a token, but
`stream_interval` is a sampling parameter in SGLang (0.5.10 to 0.5.23, read in its source): a large one
leaves two chunks a member, the first token, which is skipped unparsed, and the end, which holds all.

Aborts go by POST /abort_request. It matches rids by prefix, so rids have one width; and it forgets a rid
that it has not met yet, so an abort is said again until the member ends.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from itertools import count
from typing import Any

import orjson

from router.engines.base import Cut, Extension, Request
from router.engines.sglang import wire
from router.engines.sglang.http import Http
from router.errors import EngineError
from router.ledger import Tokens

__all__ = ["Calls"]

WINDOW_S = 0.001
MOST = 32
"""Members of one call: the server wakes for every chunk at a cost that grows with the call."""
ABORT_AGAIN_S = 0.5
ABORT_S = 5.0
"""The longest that saying an abort may take."""

_BROKEN = (OSError, ValueError, LookupError, TypeError, AttributeError)
"""What a server that dies, stalls or talks nonsense raises here."""


@dataclass(slots=True, eq=False)
class _Member:
    """One request on its way: `sent` once a call holds it, `cut` once it is told to stop early."""

    request: Request
    rid: str
    reply: asyncio.Future[Extension]
    sent: bool = False
    cut: bool = False


class Calls:
    """List calls over `http`; `logprobs` says whether steps need them."""

    def __init__(self, http: Http, *, logprobs: bool) -> None:
        self._http = http
        self._logprobs = logprobs
        self._name = secrets.token_hex(4)
        self._numbers = count()
        self._waiting: dict[str, list[_Member]] = {}
        self._flush: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def extend(self, request: Request, cut: Cut | None) -> Extension:
        loop = asyncio.get_running_loop()
        member = _Member(request, self._rid(), loop.create_future())
        # Only requests that end alike share a call: whether tokens come with their texts is up to the call.
        self._waiting.setdefault(request.until, []).append(member)
        if self._flush is None:
            self._flush = loop.call_later(WINDOW_S, self._send)

        def cut_off(_: Cut) -> None:
            self._cut(member)

        if cut is not None:
            cut.add_done_callback(cut_off)
        try:
            return await member.reply
        except asyncio.CancelledError:
            if member.sent and member.reply.cancelled():
                # Nobody waits any more; the new reply only says when the server is done.
                member.reply = loop.create_future()
                self._spawn(self._abort(member))
            raise
        finally:
            if cut is not None:
                cut.remove_done_callback(cut_off)

    async def close(self) -> None:
        """End every request, here and at the server; whoever still waits gets an EngineError."""
        if self._flush is not None:
            self._flush.cancel()
        for members in self._waiting.values():
            _fail(members, EngineError("the engine was closed", retryable=False))
        self._waiting.clear()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _cut(self, member: _Member) -> None:
        if member.reply.done():
            return
        if member.sent:
            member.cut = True
            self._spawn(self._abort(member))
        else:
            member.reply.set_result(Extension((), "cut", Tokens()))

    def _send(self) -> None:
        self._flush = None
        waiting, self._waiting = self._waiting, {}
        for members in waiting.values():
            for at in range(0, len(members), MOST):
                self._spawn(self._call(members[at : at + MOST]))

    async def _call(self, members: list[_Member]) -> None:
        """One list call, until each member has its reply or an error."""
        members = [member for member in members if not member.reply.done()]
        left = {member.rid: member for member in members}
        if not left:
            return
        for member in members:
            member.sent = True
        try:
            await self._stream(members, left)
            error = EngineError(f"the server left out {len(left)} of {len(members)} replies")
        except asyncio.CancelledError:
            _fail(left.values(), EngineError("the engine was closed", retryable=False))
            await self._abandon(list(left))
            raise
        except EngineError as refusal:
            error = refusal
        except _BROKEN as broken:
            error = EngineError(f"the server broke off: {type(broken).__name__}: {broken}")
        if not left:
            return
        rids = list(left)
        if len(members) > 1 and not error.retryable:
            # One bad member gets a whole list refused: alone, each has its own answer.
            for member in left.values():
                member.rid = self._rid()
                self._spawn(self._call([member]))
        else:
            _fail(left.values(), error)
        await self._abandon(rids)

    async def _stream(self, members: list[_Member], left: dict[str, _Member]) -> None:
        """Send one call and answer its members as they end, taking them from `left`."""
        data = wire.body([m.rid for m in members], [m.request for m in members], logprobs=self._logprobs)
        rest = b""

        def take(piece: bytes) -> None:
            nonlocal rest
            *events, rest = (rest + piece).split(b"\n\n")
            for event in events:
                reply = wire.final(event)
                if reply is not None:
                    _answer(left.pop(reply["meta_info"]["id"]), reply)

        status, answer = await self._http.post("/generate", data, take)
        if status != 200:
            raise wire.refusal(status, answer)

    async def _abort(self, member: _Member) -> None:
        """Have the server stop `member`, again and again until it has."""
        while not member.reply.done():
            try:
                await self._say_abort(member.rid)
            except (OSError, ValueError, EngineError) as error:
                _fail([member], EngineError(f"the server cannot be told to stop: {error}"))
            await asyncio.wait([member.reply], timeout=ABORT_AGAIN_S)
        member.reply.exception()  # has been seen, where nobody waits for it

    async def _abandon(self, rids: list[str]) -> None:
        """Stop at the server what a broken call left behind; a server that is gone needs no telling."""
        try:
            for rid in rids:
                await self._say_abort(rid)
        except (OSError, ValueError, EngineError):
            return

    async def _say_abort(self, rid: str) -> None:
        async with asyncio.timeout(ABORT_S):
            status, answer = await self._http.post("/abort_request", orjson.dumps({"rid": rid}))
        if status != 200:
            raise wire.refusal(status, answer)

    def _rid(self) -> str:
        return f"{self._name}{next(self._numbers):012x}"

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _answer(member: _Member, reply: dict[str, Any]) -> None:
    if member.reply.done():
        return
    try:
        member.reply.set_result(wire.extension(member.request, reply, cut=member.cut))
    except EngineError as error:
        member.reply.set_exception(error)
    except _BROKEN as broken:
        nonsense = f"the server's reply makes no sense: {type(broken).__name__}: {broken}"
        member.reply.set_exception(EngineError(nonsense))


def _fail(members: Iterable[_Member], error: EngineError) -> None:
    for member in members:
        if not member.reply.done():
            member.reply.set_exception(error)
