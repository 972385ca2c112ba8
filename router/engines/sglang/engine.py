"""The Engine protocol over one SGLang server, or over SGLang in this program."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from compute_router.engines.base import Cut, Extension, ModelInfo, Request
from compute_router.engines.sglang.calls import Calls
from compute_router.engines.sglang.http import Http
from compute_router.engines.sglang.inside import Inside
from compute_router.engines.sglang.served import Served, identify
from compute_router.engines.tokenizer import Tokenizer, from_transformers
from compute_router.errors import ContextOverflow, EngineError
from compute_router.ledger import Tokens

__all__ = ["SGLangEngine"]

SLOTS = 512
"""The most paths that are kept going on one server."""
SILENCE_S = 600
"""The longest a call may say nothing. It says nothing while all its members are being written."""


class SGLangEngine:
    """A policy model behind the address `where`, or inside, which was `served` when asked (`identify`).

    `name` and `params` are the model's in this program's words: a server does not tell its number of
    parameters. `slots` is how many paths it decodes side by side, at most SLOTS of what the server says.
    `logprobs` turns off what only the baseline scorer needs; paths asked for to their end carry them all
    the same. Without `tokenizer`, transformers reads the one that the server names.
    """

    def __init__(
        self,
        where: str | Inside,
        served: Served,
        *,
        name: str,
        params: int,
        slots: int | None = None,
        logprobs: bool = True,
        tokenizer: Tokenizer | None = None,
    ) -> None:
        served.check(name)
        if not served.generates:
            raise EngineError(
                f"{_name(where)} writes no text: {served.model_path} is served there for embeddings or "
                "scores, not as a policy model",
                retryable=False,
            )
        self.model = ModelInfo(name, params, served.context, served.fingerprint)
        self.slots = slots or min(served.running or SLOTS, SLOTS)
        self._where = where
        self._served = served
        self._logprobs = logprobs
        self._tokenizer = tokenizer
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> SGLangEngine:
        where = self._where
        now = where.served if isinstance(where, Inside) else await asyncio.to_thread(identify, where)
        if now != self._served:
            raise EngineError(
                f"{_name(where)} is no longer the same: {now.fingerprint} with a context of "
                f"{now.context}, not {self._served.fingerprint} with {self._served.context}",
                retryable=False,
            )
        if self._tokenizer is None:
            self._tokenizer = await asyncio.to_thread(from_transformers, self._served.tokenizer_path)
        wire: Http | Inside
        if isinstance(where, Inside):
            where.attach()
            wire = where
        else:
            wire = Http(where, silence_s=SILENCE_S)
        self._stack.callback(wire.close)
        self._calls = Calls(wire, logprobs=self._logprobs)
        self._stack.push_async_callback(self._calls.close)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    async def encode(self, problem: str, opening: str = "") -> tuple[int, ...]:
        if self._tokenizer is None:
            raise EngineError("the engine was not started", retryable=False)
        prompt_T = tuple(self._tokenizer(problem, opening))
        if len(prompt_T) >= self.model.context:
            raise ContextOverflow(
                f"the problem takes {len(prompt_T)} tokens of a context of {self.model.context}"
            )
        return prompt_T

    async def read(self, prompt_T: tuple[int, ...]) -> Tokens:
        # The server looks a prefix up when a request is scheduled: siblings that come at once would each
        # read the prompt.
        reply = await self._calls.extend(Request(prompt_T, (), 0, "step", 0, 0.0), None)
        return reply.usage

    def extend(self, request: Request, cut: Cut | None = None) -> asyncio.Future[Extension]:
        tokens = len(request.prompt_T) + len(request.path_T) + request.max_tokens
        if tokens <= self.model.context and (cut is None or not cut.done()):
            return self._calls.extend(request, cut)
        reply: asyncio.Future[Extension] = asyncio.get_running_loop().create_future()
        if cut is not None and cut.done():
            reply.set_result(Extension((), "cut", Tokens()))
        else:
            # Checked here: the server would refuse all the requests that share a call with this one.
            many = f"the path needs {tokens} tokens of a context of {self.model.context}"
            reply.set_exception(ContextOverflow(many))
        return reply


def _name(where: str | Inside) -> str:
    return f"the server at {where}" if isinstance(where, str) else "SGLang in this program"
