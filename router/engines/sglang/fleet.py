"""Several servers of one policy model as one engine.

All paths of a problem go to one server, whose cache then holds their common prefix: the one with the least
to do when the problem came. A problem whose server fails it moves on, and a server that fails again and
again gets no new problems for a while. Nothing is tried again here: that is execute/retry.py's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from compute_router.engines.base import Cut, Engine, Extension, ModelInfo, Request
from compute_router.errors import EngineError, InputError
from compute_router.ledger import Tokens

__all__ = ["Fleet"]

FAILURES = 3
"""Failures in a row after which a server rests; each further one doubles the rest."""
FIRST_REST_S = 1.0
MOST_REST_S = 30.0


@dataclass(slots=True, eq=False)
class _Berth:
    """One server: problems that live here, requests on their way, failures in a row, rest until then."""

    engine: Engine
    problems: int = 0
    requests: int = 0
    failures: int = 0
    until: float = 0.0


class _Prompt(tuple[int, ...]):
    """A prompt that knows its server; the search that holds it is the problem's life."""

    berth: _Berth

    def move(self, berth: _Berth) -> None:
        self.leave()
        self.berth = berth
        berth.problems += 1

    def leave(self) -> None:
        if "berth" in self.__dict__:
            self.berth.problems -= 1

    def __del__(self) -> None:
        self.leave()


class Fleet:
    """Engines that serve the same model. Raises InputError where they do not."""

    def __init__(self, engines: Sequence[Engine], *, clock: Callable[[], float] = time.monotonic) -> None:
        first = engines[0].model
        for engine in engines:
            if engine.model.fingerprint != first.fingerprint:
                raise InputError(
                    f"the servers do not serve the same model: {first.fingerprint} and "
                    f"{engine.model.fingerprint}"
                )
        context = min(engine.model.context for engine in engines)
        self.model = ModelInfo(first.name, first.params, context, first.fingerprint)
        self.slots = sum(engine.slots for engine in engines)
        self._berths = [_Berth(engine) for engine in engines]
        self._clock = clock
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Fleet:
        async with AsyncExitStack() as stack:
            for berth in self._berths:
                await stack.enter_async_context(berth.engine)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    async def encode(self, problem: str, opening: str = "") -> tuple[int, ...]:
        prompt_T = _Prompt(await self._berths[0].engine.encode(problem, opening))
        prompt_T.move(self._least(self._berths))
        return prompt_T

    async def read(self, prompt_T: tuple[int, ...]) -> Tokens:
        berth = self._home(prompt_T)
        try:
            bill = await berth.engine.read(prompt_T)
        except EngineError as error:
            self._failed(berth, prompt_T, error)
            raise
        berth.failures = 0
        return bill

    def extend(self, request: Request, cut: Cut | None = None) -> asyncio.Future[Extension]:
        berth = self._home(request.prompt_T)
        reply = asyncio.ensure_future(berth.engine.extend(request, cut))
        berth.requests += 1
        reply.add_done_callback(partial(self._ended, berth, request.prompt_T))
        return reply

    def _home(self, prompt_T: tuple[int, ...]) -> _Berth:
        return prompt_T.berth if isinstance(prompt_T, _Prompt) else self._least(self._berths)

    def _ended(self, berth: _Berth, prompt_T: tuple[int, ...], reply: asyncio.Future[Extension]) -> None:
        berth.requests -= 1
        if reply.cancelled():
            return
        error = reply.exception()
        if error is None:
            berth.failures = 0
        else:
            self._failed(berth, prompt_T, error)

    def _failed(self, berth: _Berth, prompt_T: tuple[int, ...], error: BaseException) -> None:
        if not (isinstance(error, EngineError) and error.retryable):
            return
        berth.failures += 1
        if berth.failures >= FAILURES:
            rest = min(FIRST_REST_S * 2.0 ** min(berth.failures - FAILURES, 10), MOST_REST_S)
            berth.until = self._clock() + rest
        if isinstance(prompt_T, _Prompt) and prompt_T.berth is berth:
            prompt_T.move(self._least([other for other in self._berths if other is not berth] or [berth]))

    def _least(self, berths: Iterable[_Berth]) -> _Berth:
        """The one with the least to do, of those that do not rest where there are any."""
        now = self._clock()
        return min(berths, key=lambda berth: (berth.until > now, berth.requests + berth.problems))
