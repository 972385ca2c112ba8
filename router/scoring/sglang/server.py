"""One PRM server: list calls, and which must wait for another."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from itertools import count
from typing import Any

from compute_router.engines.sglang.http import Http
from compute_router.errors import EngineError, RouterError, ScorerError
from compute_router.ledger import Tokens
from compute_router.scoring.families.base import Readout, TokenPair
from compute_router.scoring.sglang import wire
from compute_router.scoring.sglang.wire import Logits, Part, Reading

__all__ = ["Server"]

_NONSENSE = (ValueError, LookupError, TypeError, AttributeError, OverflowError)


class Server:
    """Reads parts over `http`. Every part gets its own reading or error."""

    def __init__(self, http: Http, readout: Readout) -> None:
        self._http = http
        self._readout = readout
        self._name = secrets.token_hex(4)
        self._numbers = count()

    async def read(self, parts: Sequence[Part]) -> list[Reading | RouterError]:
        """The logits at every position of every part, in their order.

        A pair of tokens is read at all positions of a part at once. A head is read at the last position
        only: there the whole part comes first, and leaves the shorter prefixes in the server's cache.
        """
        readings = await self._call(parts)
        if isinstance(self._readout, TokenPair):
            return readings
        prefixes = [
            Part(part.ids_T[: at + 1], (at,), known=at + 1) for part in parts for at in part.at_K[:-1]
        ]
        if not prefixes:
            return readings
        rest = iter(await self._call(prefixes))
        return [
            _joined([*(next(rest) for _ in part.at_K[:-1]), last])
            for part, last in zip(parts, readings, strict=True)
        ]

    async def _call(self, parts: Sequence[Part]) -> list[Reading | RouterError]:
        """One list call; where it is refused as a whole, each part is asked for alone."""
        if not parts:
            return []
        rids = [f"{self._name}{next(self._numbers):012x}" for _ in parts]
        try:
            replies = await self._post(rids, parts)
        except RouterError as error:
            is_final = not (isinstance(error, EngineError) and error.retryable)
            if len(parts) > 1 and is_final:
                alone = await asyncio.gather(*(self._call([part]) for part in parts))
                return [one for [one] in alone]
            return [error for _ in parts]
        return [self._reading(part, reply) for part, reply in zip(parts, replies, strict=True)]

    async def _post(self, rids: Sequence[str], parts: Sequence[Part]) -> list[dict[str, Any]]:
        if isinstance(self._readout, TokenPair):
            path, body = "/generate", wire.generate(rids, parts, self._readout)
        else:
            path, body = "/classify", wire.classify(rids, parts)
        try:
            status, answer = await self._http.post(path, body)
            return wire.members(status, answer, rids)
        except (OSError, *_NONSENSE) as broken:
            raise EngineError(f"the PRM server broke off: {type(broken).__name__}: {broken}") from broken

    def _reading(self, part: Part, reply: dict[str, Any]) -> Reading | RouterError:
        try:
            usage = wire.usage(part, reply)
            return Reading(self._logits(part, reply), usage)
        except RouterError as error:
            return error
        except _NONSENSE as broken:
            return ScorerError(f"the PRM server's reply makes no sense: {type(broken).__name__}: {broken}")

    def _logits(self, part: Part, reply: dict[str, Any]) -> tuple[Logits, ...]:
        if isinstance(self._readout, TokenPair):
            return wire.pair_logits(part, reply, self._readout)
        return (wire.head_logits(reply, self._readout),)


def _joined(readings: Sequence[Reading | RouterError]) -> Reading | RouterError:
    logits_K: list[Logits] = []
    usage = Tokens()
    for reading in readings:
        if isinstance(reading, RouterError):
            return reading
        logits_K += reading.logits_K
        usage += reading.usage
    return Reading(tuple(logits_K), usage)
