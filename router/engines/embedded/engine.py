"""The Engine protocol over one local GGUF model."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import orjson

from compute_router.engines.base import Cut, Extension, Request
from compute_router.engines.embedded.llama_server import LlamaServer
from compute_router.engines.embedded.siblings import Siblings
from compute_router.engines.embedded.stream import refusal, stream
from compute_router.engines.gguf_model import model_info
from compute_router.engines.prompt import chat
from compute_router.errors import ContextOverflow, EngineError
from compute_router.ledger import Tokens
from compute_router.weights import Weights

__all__ = ["EmbeddedEngine"]

GROUP = 4
"""Siblings in one request. llama.cpp starts n samples only when n slots are free at once: large groups
leave slots idle while they wait, small ones read the shared prefix more often."""

_MARK = "PROBLEM-STANDS-HERE"
"""Stands for the problem in the chat template, so that only the template is read for control tokens."""


class EmbeddedEngine:
    """llama.cpp in this process; see docs/determinism.md for what a seed repeats.

    `slots` paths are decoded side by side, each with `context` tokens for prompt and path together;
    memory grows with slots x context (12 kB a token for a 0.5B Qwen2.5).
    """

    def __init__(self, weights: Weights, *, slots: int = 16, context: int = 1024) -> None:
        self.slots = slots
        self.server = LlamaServer(weights.path, slots=slots, context=context)
        self._name = weights.name
        self._stack = AsyncExitStack()
        self._frame_T: tuple[list[int], list[int]] = ([], [])
        self.model = model_info(weights, context)

    async def __aenter__(self) -> EmbeddedEngine:
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    async def _start(self) -> None:
        server = await self._stack.enter_async_context(self.server)
        self._session = await self._stack.enter_async_context(
            aiohttp.ClientSession(
                server.address,
                headers={"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"},
                timeout=aiohttp.ClientTimeout(total=None, sock_read=600),
                # A kept connection may be closed by the server in the moment it is used again.
                connector=aiohttp.TCPConnector(limit=0, force_close=True),
                read_bufsize=2**20,
            )
        )
        self._siblings = Siblings(
            lambda request, n, cut: stream(self._session, request, n, cut), most=GROUP, slots=self.slots
        )
        self._stack.push_async_callback(self._siblings.close)
        template: str = (await self._call("POST", "/apply-template", {"messages": chat(_MARK)}))["prompt"]
        before, mark, after = template.partition(_MARK)
        if not mark:
            raise EngineError(f"the chat template of {self._name} drops the user's message", retryable=False)
        self._frame_T = (await self._tokens(before, special=True), await self._tokens(after, special=True))

    async def encode(self, problem: str, opening: str = "") -> tuple[int, ...]:
        before_T, after_T = self._frame_T
        prompt_T = (*before_T, *await self._tokens(problem, special=False), *after_T)
        if opening:
            prompt_T += tuple(await self._tokens(opening, special=False))
        if len(prompt_T) >= self.model.context:
            raise ContextOverflow(
                f"the problem takes {len(prompt_T)} tokens of a context of {self.model.context}"
            )
        return prompt_T

    async def read(self, prompt_T: tuple[int, ...]) -> Tokens:
        return Tokens()  # siblings share one request

    async def extend(self, request: Request, cut: Cut | None = None) -> Extension:
        return await self._siblings.extend(request, cut)

    async def _tokens(self, text: str, *, special: bool) -> list[int]:
        # Control tokens are recognised in the template alone: "<|im_end|>" in a problem is just text.
        body = {"content": text, "add_special": False, "parse_special": special}
        tokens: list[int] = (await self._call("POST", "/tokenize", body))["tokens"]
        return tokens

    async def _call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else orjson.dumps(body)
        try:
            async with self._session.request(method, path, data=data) as response:
                content = await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise EngineError(f"the embedded engine does not answer {path}: {error}") from error
        if response.status != 200:
            raise refusal(response.status, content)
        return orjson.loads(content)
