"""llama.cpp in this process, spoken to over loopback: closing a connection is how it cancels."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path
from typing import Any

from compute_router.engines.base import cores
from compute_router.errors import EngineError

__all__ = ["LlamaServer"]


class LlamaServer:
    """One model, `slots` sequences of `context` tokens each. Async context manager.

    The address is 127.0.0.1 with a port of the system's choice, and only this process knows the key.
    """

    def __init__(self, gguf: Path, *, slots: int, context: int) -> None:
        self._gguf = gguf
        self._slots = slots
        self._context = context
        self._server: Any = None
        self.key = secrets.token_urlsafe(16)
        self.address = ""

    async def __aenter__(self) -> LlamaServer:
        self._server = await asyncio.to_thread(self._load)
        self.address = self._server.listening_address
        return self

    async def __aexit__(self, *exc: object) -> None:
        # The last reference goes in a thread: the destructor joins llama.cpp's own threads.
        holder = [self._server]
        self._server = None
        await asyncio.to_thread(holder.clear)

    def _load(self) -> Any:
        try:
            import xllamacpp
        except ImportError as error:
            raise EngineError(
                f"the embedded engine needs xllamacpp, which does not load here: {error}", retryable=False
            ) from error
        params = xllamacpp.CommonParams()
        params.model.path = str(self._gguf)
        params.n_parallel = self._slots
        params.n_ctx = self._slots * self._context
        params.api_keys = [self.key]
        params.verbosity = 0
        params.warmup = False
        params.endpoint_slots = False
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = cores()
        try:
            return xllamacpp.Server(params)
        except Exception as error:
            raise EngineError(f"llama.cpp cannot load {self._gguf}: {error}", retryable=False) from error
