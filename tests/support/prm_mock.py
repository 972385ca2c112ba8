"""A double of an SGLang server that serves a PRM: its /generate or /classify, and who it is.

It keeps SGLang's habits: a list call is answered as a list, in its order; what members of one call share is
read by each of them, unless it was read before the call; the last token is always read anew; a
logprob_start_len caps what the cache may give; the log-probabilities of the prompt stand one position late,
after a null; /classify does not say what was cached.

The logits at a position are a hash of the ids up to it, as a causal model's are a function of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from zlib import crc32

import orjson
from aiohttp import web

from support.threaded import threaded

__all__ = ["PrmMock", "logit"]


def logit(ids: Sequence[int], label: int) -> float:
    """In [-4, 4]."""
    return crc32(repr((tuple(ids), label)).encode()) % 8001 / 1000 - 4


class PrmMock:
    """A PRM of two tokens' log-probabilities (`labels` 0) or with a head of `labels`.

    `answers` are sent in place of the next replies: a status (0: the connection drops) and a body. `spoil`
    changes the list of replies before it is sent.
    """

    def __init__(self, *, labels: int = 0, model_path: str = "/models/Toy-PRM", context: int = 4096) -> None:
        self.labels = labels
        self.model = {"model_path": model_path, "tokenizer_path": model_path, "is_generation": labels == 0}
        self.info: dict[str, Any] = {"max_req_input_len": context, "version": "mock"}
        self.answers: deque[tuple[int, bytes]] = deque()
        self.spoil: Callable[[list[dict[str, Any]]], Any] = lambda replies: replies
        self.bodies: list[dict[str, Any]] = []
        self.computed = 0
        self.port = 0
        self._cache: set[int] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def calls(self) -> list[int]:
        """Members of each call."""
        return [len(body["rid"]) for body in self.bodies]

    @contextmanager
    def serving(self) -> Iterator[PrmMock]:
        """Serve from a thread of its own."""
        with threaded(self._start):
            yield self

    async def _start(self) -> web.AppRunner:
        app = web.Application(client_max_size=2**26)
        app.router.add_post("/generate" if self.labels == 0 else "/classify", self._answer)
        app.router.add_get("/model_info", self._model_info)
        app.router.add_get("/server_info", self._server_info)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        return runner

    async def _model_info(self, request: web.Request) -> web.Response:
        return web.json_response(self.model)

    async def _server_info(self, request: web.Request) -> web.Response:
        return web.json_response(self.info)

    async def _answer(self, request: web.Request) -> web.Response:
        body = orjson.loads(await request.read())
        self.bodies.append(body)
        if self.answers:
            status, answer = self.answers.popleft()
            if status == 0 and request.transport is not None:
                request.transport.abort()
            return web.Response(status=status or 200, body=answer)
        members = range(len(body["rid"]))
        most = self.info["max_req_input_len"]
        if any(len(ids) > most for ids in body["input_ids"]):
            message = f"The input is longer than the model's context length ({most} tokens)."
            return web.json_response({"error": {"message": message}}, status=400)
        cached = [self._cached(body, member) for member in members]
        for ids in body["input_ids"]:
            self._cache |= {hash(tuple(ids[:n])) for n in range(1, len(ids) + 1)}
        replies = [self._reply(body, member, cached[member]) for member in members]
        self.computed += sum(len(ids) for ids in body["input_ids"]) - sum(cached)
        return web.Response(body=orjson.dumps(self.spoil(replies)))

    def _cached(self, body: dict[str, Any], member: int) -> int:
        ids = body["input_ids"][member]
        start = body["logprob_start_len"][member] if "logprob_start_len" in body else -1
        most = min(len(ids) - 1, start) if start >= 0 else len(ids) - 1
        return next((n for n in range(most, 0, -1) if hash(tuple(ids[:n])) in self._cache), 0)

    def _reply(self, body: dict[str, Any], member: int, cached: int) -> dict[str, Any]:
        ids = body["input_ids"][member]
        meta = {
            "id": body["rid"][member],
            "finish_reason": {"type": "length", "length": 0},
            "prompt_tokens": len(ids),
            "cached_tokens": cached,
        }
        if self.labels:
            del meta["cached_tokens"]
            return {"embedding": [logit(ids, label) for label in range(self.labels)], "meta_info": meta}
        assert body["sampling_params"]["max_new_tokens"] == 0
        tokens = body["token_ids_logprob"][member]

        def entry(n: int) -> list[tuple[float, int, None]]:
            return [(logit(ids[:n], token) - 5, token, None) for token in tokens]

        start = body["logprob_start_len"][member]
        meta["output_token_ids_logprobs"] = [entry(len(ids))]
        if start >= 0:
            meta["input_token_ids_logprobs"] = [None, *(entry(n) for n in range(start + 1, len(ids)))]
        return {"text": "", "output_ids": [], "meta_info": meta}
