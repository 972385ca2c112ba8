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
from itertools import count
from typing import Any

import orjson

from compute_router.engines.base import Cut, Extension, Request
from compute_router.engines.sglang import wire
from compute_router.engines.sglang.http import Http
from compute_router.engines.sglang.inside import Inside
from compute_router.engines.sglang.member import Member
from compute_router.errors import EngineError
from compute_router.ledger import Tokens

__all__ = ["Calls"]

WINDOW_S = 0.002
"""Between two calls; what comes meanwhile gathers."""
MOST = 64
"""Members of one call: the server wakes for every chunk at a cost that grows with the call. What is more
waits for the next, so that a burst of 512 is on its way after 16 ms."""
ABORT_AGAIN_S = 0.5
ABORT_S = 5.0
"""The longest that saying an abort may take."""

_BROKEN = (OSError, ValueError, LookupError, TypeError, AttributeError, OverflowError)
"""What a server that dies, stalls or talks nonsense raises here."""


class Calls:
    """List calls over `http`; `logprobs` says whether steps need them."""

    def __init__(self, http: Http | Inside, *, logprobs: bool) -> None:
        self._http = http
        self._logprobs = logprobs
        self._name = secrets.token_hex(4)
        self._numbers = count()
        self._waiting: dict[str, list[Member]] = {}
        self._cuts: dict[Cut, set[Member]] = {}
        self._flush: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def extend(self, request: Request, cut: Cut | None) -> asyncio.Future[Extension]:
        """The reply to come; whoever no longer wants it cancels it."""
        loop = asyncio.get_running_loop()
        member = Member(request, self._rid(), cut, self._left, loop)
        if cut is not None:
            members = self._cuts.get(cut)
            if members is None:
                members = self._cuts[cut] = set()
                cut.add_done_callback(self._cut)
            members.add(member)
        # Only requests that end alike share a call: whether tokens come with their texts is up to the call.
        self._waiting.setdefault(request.until, []).append(member)
        if self._flush is None:
            self._flush = loop.call_later(WINDOW_S, self._send)
        return member

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

    def _left(self, member: Member) -> None:
        """Nobody waits for `member` any more."""
        if member.cut is not None:
            members = self._cuts[member.cut]
            members.discard(member)
            if not members:
                del self._cuts[member.cut]
                member.cut.remove_done_callback(self._cut)
        if member.cancelled() and member.sent and member.over is None:
            self._stop(member)

    def _cut(self, cut: Cut) -> None:
        for member in list(self._cuts.get(cut, ())):
            if not member.sent:
                member.end(Extension((), "cut", Tokens()))
            elif member.over is None:
                self._stop(member)

    def _send(self) -> None:
        """One call, of those that have waited longest; whoever is left goes with the next."""
        self._flush = None
        until, members = next(iter(self._waiting.items()))
        del self._waiting[until]
        if members[MOST:]:
            self._waiting[until] = members[MOST:]
        if self._waiting:
            self._flush = asyncio.get_running_loop().call_later(WINDOW_S, self._send)
        self._spawn(self._call(members[:MOST]))

    async def _call(self, members: list[Member]) -> None:
        """One list call, until each member has its reply or an error."""
        members = [member for member in members if not member.done()]
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
                if member.done():
                    member.end(error)
                else:
                    member.rid = self._rid()
                    self._spawn(self._call([member]))
        else:
            _fail(left.values(), error)
        await self._abandon(rids)

    async def _stream(self, members: list[Member], left: dict[str, Member]) -> None:
        """Send one call and answer its members as they end, taking them from `left`."""
        data = wire.body([m.rid for m in members], [m.request for m in members], logprobs=self._logprobs)
        rest = b""

        def take(piece: bytes) -> None:
            nonlocal rest
            *events, rest = (rest + piece).split(b"\n\n")
            for event in events:
                end = wire.final(event)
                if end is not None:
                    member = left.pop(end["meta_info"]["id"])
                    member.end(_reply(member, end))

        status, answer = await self._http.post("/generate", data, take)
        if status != 200:
            raise wire.refusal(status, answer)

    def _stop(self, member: Member) -> None:
        member.over = asyncio.get_running_loop().create_future()
        self._spawn(self._abort(member, member.over))

    async def _abort(self, member: Member, over: asyncio.Future[None]) -> None:
        """Have the server stop `member`, again and again until it has."""
        while not over.done():
            try:
                await self._say_abort(member.rid)
            except (OSError, ValueError, EngineError) as error:
                member.end(EngineError(f"the server cannot be told to stop: {error}"))
            await asyncio.wait([over], timeout=ABORT_AGAIN_S)

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


def _reply(member: Member, event: dict[str, Any]) -> Extension | EngineError:
    try:
        return wire.extension(member.request, event, cut=member.over is not None)
    except EngineError as error:
        return error
    except _BROKEN as broken:
        return EngineError(f"the server's reply makes no sense: {type(broken).__name__}: {broken}")


def _fail(members: Iterable[Member], error: EngineError) -> None:
    for member in list(members):
        member.end(error)
