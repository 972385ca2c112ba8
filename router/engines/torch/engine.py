"""The Engine protocol over one model in this process."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from compute_router.engines.base import Cut, Extension, Request, cores
from compute_router.engines.gguf_model import model_info
from compute_router.engines.tokenizer import framed
from compute_router.engines.torch.decoder import Decoder
from compute_router.engines.torch.library import torch
from compute_router.engines.torch.model import load
from compute_router.errors import ContextOverflow
from compute_router.ledger import Tokens
from compute_router.weights import Weights

__all__ = ["SLOTS", "TorchEngine"]

SLOTS = 96
"""Paths side by side: the weights are then read for so many at once that reading them no longer counts."""


class TorchEngine:
    """The weights of a .gguf file. Memory: those in 16 bits, and what the paths take (12 kB a token for a
    0.5B Qwen2.5).

    A token is drawn by its request's seed and its place on the path, whatever else is written meanwhile; what
    others are there changes the rounding, and so now and then a token (docs/determinism.md).
    """

    def __init__(self, weights: Weights, *, slots: int = SLOTS, context: int = 1024) -> None:
        self.model = model_info(weights, context)
        self.slots = slots
        self._path = weights.path
        self._decoder: Decoder | None = None

    async def __aenter__(self) -> TorchEngine:
        torch().set_num_threads(cores())
        loaded = await asyncio.to_thread(load, self._path)
        self._encode = framed(loaded.tokenizer, str(self._path))
        self._decoder = Decoder(loaded, slots=self.slots, context=self.model.context)
        return self

    async def __aexit__(self, *exc: object) -> None:
        decoder, self._decoder = self._decoder, None
        if decoder is not None:
            await asyncio.to_thread(decoder.close)

    async def encode(self, problem: str, opening: str = "") -> tuple[int, ...]:
        prompt_T = tuple(self._encode(problem, opening))
        if len(prompt_T) >= self.model.context:
            raise ContextOverflow(
                f"the problem takes {len(prompt_T)} tokens of a context of {self.model.context}"
            )
        return prompt_T

    async def read(self, prompt_T: tuple[int, ...]) -> Tokens:
        return Tokens()  # siblings find what one of them has read

    async def extend(self, request: Request, cut: Cut | None = None) -> Extension:
        room = self.model.context - len(request.prompt_T) - len(request.path_T)
        if room < 1:
            raise ContextOverflow(f"the path has filled the context of {self.model.context} tokens")
        if request.max_tokens > room:
            request = replace(request, max_tokens=room)
        assert self._decoder is not None, "the engine is not started"
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Extension] = loop.create_future()

        def settle(reply: Extension | Exception) -> None:
            if answer.done():
                return
            if isinstance(reply, Exception):
                answer.set_exception(reply)
            else:
                answer.set_result(reply)

        def reply(found: Extension | Exception) -> None:
            loop.call_soon_threadsafe(settle, found)

        writing = self._decoder.write(request, reply)

        def unwanted(_: object) -> None:
            writing.unwanted = True

        if cut is not None:
            cut.add_done_callback(unwanted)
        try:
            return await answer
        finally:
            writing.unwanted = True
            if cut is not None:
                cut.remove_done_callback(unwanted)
