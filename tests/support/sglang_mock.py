"""A double of an SGLang server: its /generate, /abort_request and the endpoints that say who it is.

It keeps SGLang's habits, as its source has them: a list call streams chunks that carry `index`, the first
token and then every `stream_interval` tokens, each chunk with all that was written so far; one bad member
refuses the whole call, and what was admitted before it goes on; an abort matches running and waiting
requests by prefix, but only where its rid is known exactly; what is aborted while it waits was never read.

Texts are a hash of (input ids, seed): steps of about `step_tokens` tokens, an answer, an end token. Run as
a program it serves until its standard input closes, and says its port first:

    python tests/support/sglang_mock.py --token-s 0.01 --step-tokens 60
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from random import Random
from typing import Any
from zlib import crc32

import orjson
from aiohttp import web

__all__ = ["END", "STEP_MARK", "SGLangMock", "decode", "tokenize"]

WORDS = 150_000
ANSWERS = 10_000
STEP_MARK = 271
END = 151_645
STEPS = 4


def decode(token: int) -> str:
    """The text of one token; plain words are mostly four or five characters long."""
    if token == STEP_MARK:
        return ".\n\n"
    if token == END:
        return ""
    if token < ANSWERS:
        return f" \\boxed{{{token % 90}}}"
    return " " + "aeiourst"[token % 8] * (2 + token % 3) + "lmn"[token % 3]


def tokenize(problem: str, opening: str = "") -> list[int]:
    """A problem as ids, a word a token, and what its solution begins with."""

    def ids(text: str) -> Iterator[int]:
        return (ANSWERS + crc32(word.encode()) % WORDS for word in text.split())

    return [151_644, *ids(problem), 151_646, *ids(opening)]


@dataclass(eq=False)
class _Writing:
    """One request: what it will have written in the end, and what it has by now."""

    rid: str
    index: int
    read: int
    cached: int
    whole_T: list[int]
    end: dict[str, Any]
    interval: int
    logprobs: bool
    texts: bool
    events: asyncio.Queue[dict[str, Any]]
    start: float = 0.0
    done: bool = False
    timers: list[asyncio.TimerHandle] = field(default_factory=list)


class SGLangMock:
    """`token_s` seconds a token; at most `running` requests are written side by side, the others wait.

    `answers` are sent in place of the next replies of /generate: a status (0: the connection drops) and a
    body. After `break_after` chunks the connection drops. The next `deaf` aborts go unheard. Of one
    call, the queue takes `full_after` members, and member `spoil` gets a reply without ids.
    """

    def __init__(
        self,
        *,
        model_path: str = "/models/Mock-1B",
        context: int = 4096,
        token_s: float = 0.0,
        step_tokens: int = 12,
        running: int = 4096,
    ) -> None:
        self.model: dict[str, Any] = {
            "model_path": model_path,
            "tokenizer_path": model_path,
            "weight_version": "default",
        }
        self.model["is_generation"] = True
        self.info: dict[str, Any] = {
            "max_req_input_len": context,
            "version": "mock",
            "internal_states": [{"effective_max_running_requests_per_dp": running}],
        }
        self.answers: deque[tuple[int, bytes]] = deque()
        self.break_after: int | None = None
        self.deaf = 0
        self.full_after = sys.maxsize
        self.spoil: int | None = None
        self.calls: list[int] = []
        self.bodies: list[dict[str, Any]] = []
        self.read: list[list[int]] = []
        self.aborted: list[str] = []
        self.port = 0
        self._token_s = token_s
        self._step_tokens = step_tokens
        self._running = running
        self._live: dict[str, _Writing] = {}
        self._queue: deque[_Writing] = deque()

    @property
    def live(self) -> int:
        """Requests that are written or wait."""
        return len(self._live)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def serving(self) -> Iterator[SGLangMock]:
        """Serve from a thread of its own."""
        from support.threaded import threaded  # not where this file is run by itself (benchmarks/client.py)

        with threaded(self.start):
            yield self

    async def start(self) -> web.AppRunner:
        app = web.Application(client_max_size=2**26)
        app.router.add_post("/generate", self._generate)
        app.router.add_post("/abort_request", self._abort)
        app.router.add_get("/health", self._health)
        app.router.add_get("/model_info", self._model_info)
        app.router.add_get("/get_model_info", self._model_info)
        app.router.add_get("/server_info", self._server_info)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self.port)
        await site.start()
        self.port = runner.addresses[0][1]
        return runner

    async def _health(self, request: web.Request) -> web.Response:
        return web.Response()

    async def _model_info(self, request: web.Request) -> web.Response:
        return web.json_response(self.model)

    async def _server_info(self, request: web.Request) -> web.Response:
        return web.json_response(self.info)

    async def _abort(self, request: web.Request) -> web.Response:
        rid = orjson.loads(await request.read())["rid"]
        self.deaf -= 1
        if self.deaf < 0 and rid in self._live:
            for other in [one for one in self._live.values() if one.rid.startswith(rid)]:
                self.aborted.append(other.rid)
                self._stop(other)
        return web.Response()

    async def _generate(self, request: web.Request) -> web.StreamResponse:
        body = orjson.loads(await request.read())
        self.calls.append(len(body["rid"]))
        self.bodies.append({key: body[key] for key in body if key != "input_ids"})
        self.read += body["input_ids"]
        if self.answers:
            status, answer = self.answers.popleft()
            if status == 0:
                _drop(request)
            return web.Response(status=status or 200, body=answer)
        events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        refusal = self._admit(body, events)
        ended = 0
        if not body.get("stream"):
            return await self._whole(body, events, refusal)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        while refusal is None and ended < len(body["rid"]):
            event = await events.get()
            ended += event["meta_info"]["finish_reason"] is not None
            if event["index"] == self.spoil:
                del event["output_ids"]
            await response.write(b"data: " + orjson.dumps(event) + b"\n\n")
            if self.break_after is not None:
                self.break_after -= 1
                if self.break_after <= 0:
                    self.break_after = None
                    _drop(request)
                    return response
        if refusal is not None:
            await response.write(b"data: " + orjson.dumps({"error": {"message": refusal}}) + b"\n\n")
        await response.write(b"data: [DONE]\n\n")
        return response

    async def _whole(
        self, body: dict[str, Any], events: asyncio.Queue[dict[str, Any]], refusal: str | None
    ) -> web.Response:
        """Without streaming: all members in one answer, once the last has ended."""
        if refusal is not None:
            return web.json_response({"error": {"message": refusal}}, status=400)
        found: dict[int, dict[str, Any]] = {}
        while len(found) < len(body["rid"]):
            event = await events.get()
            if event["meta_info"]["finish_reason"] is not None:
                found[event.pop("index")] = event
        return web.Response(body=orjson.dumps([found[i] for i in range(len(found))]))

    def _admit(self, body: dict[str, Any], events: asyncio.Queue[dict[str, Any]]) -> str | None:
        """Start the members in order; the first bad one's error ends the call, not those before it."""
        members = zip(body["rid"], body["input_ids"], body["sampling_params"], strict=True)
        for index, (rid, ids, sampling) in enumerate(members):
            tokens = len(ids) + sampling["max_new_tokens"]
            if tokens > self.info["max_req_input_len"] + 4:
                return (
                    "Requested token count exceeds the model's maximum context length of "
                    f"{self.info['max_req_input_len'] + 6} tokens. You requested a total of {tokens} tokens."
                )
            if rid in self._live:
                return f"Duplicate request IDs detected within the request: [{rid!r}]"
            whole_T, end = self._write(ids, sampling)
            writing = _Writing(
                rid=rid,
                index=index,
                read=len(ids),
                cached=len(ids) - 1,
                whole_T=whole_T,
                end=end,
                interval=sampling.get("stream_interval") or 1,
                logprobs=body.get("return_logprob", False),
                texts=body.get("return_text_in_logprobs", False),
                events=events,
            )
            self._live[rid] = writing
            if index >= self.full_after:
                self._stop(writing, HTTPStatus.SERVICE_UNAVAILABLE)
            else:
                self._queue.append(writing)
        self._fill()
        return None

    def _write(self, ids: list[int], sampling: dict[str, Any]) -> tuple[list[int], dict[str, Any]]:
        """All ids that this request comes to, and why it ends."""
        seed = sampling.get("sampling_seed") if sampling["temperature"] else None
        random = Random(crc32(repr((ids, seed)).encode()))
        one_step = sampling.get("stop") == "\n\n"

        def words() -> list[int]:
            n = self._step_tokens - self._step_tokens // 4 + random.randrange(self._step_tokens // 2 + 1)
            return [ANSWERS + random.randrange(WORDS - ANSWERS) for _ in range(max(1, n - 1))]

        steps_left = STEPS - ids.count(STEP_MARK)
        whole_T: list[int] = []
        for _ in range(min(steps_left, 1) if one_step else steps_left):
            whole_T += [*words(), STEP_MARK]
        end: dict[str, Any] = {"type": "stop", "matched": "\n\n"}
        if steps_left <= 0 or not one_step:
            whole_T += [*words(), random.choice((7, 7, 7, 8, 9)), END]
            end = {"type": "stop", "matched": END}
        most = sampling["max_new_tokens"]
        if len(whole_T) > most:
            return whole_T[:most], {"type": "length", "length": most}
        return whole_T, end

    def _fill(self) -> None:
        """Let requests that wait run, as many as may."""
        loop = asyncio.get_running_loop()
        running = sum(1 for one in self._live.values() if one.start)
        while self._queue and running < self._running:
            writing = self._queue.popleft()
            if writing.done:
                continue
            running += 1
            # All that runs writes its next token at the same moment.
            now = loop.time()
            tick = self._token_s * (int(now / self._token_s) + 1) if self._token_s else now
            writing.start = tick
            n = len(writing.whole_T)
            for at in range(1, n, writing.interval):
                when = tick + at * self._token_s
                writing.timers.append(loop.call_at(when, self._say, writing, at, None))
            writing.timers.append(loop.call_at(tick + n * self._token_s, self._end, writing))

    def _say(self, writing: _Writing, n: int, reason: dict[str, Any] | None) -> None:
        ids = writing.whole_T[:n]
        meta: dict[str, Any] = {
            "id": writing.rid,
            "finish_reason": reason,
            "prompt_tokens": writing.read,
            "weight_version": "default",
            "total_retractions": 0,
            "reasoning_tokens": 0,
            "completion_tokens": n,
            "cached_tokens": writing.cached,
        }
        if writing.logprobs:
            meta["input_token_logprobs"] = []
            meta["output_token_logprobs"] = [
                (-(token % 97) / 96.7, token, decode(token) if writing.texts else None) for token in ids
            ]
            meta["output_token_logprobs_length"] = n
        if reason is not None:
            meta["e2e_latency"] = 0.5
        text = "".join(map(decode, ids))
        writing.events.put_nowait(
            {"text": text, "output_ids": ids, "meta_info": meta, "index": writing.index}
        )

    def _end(self, writing: _Writing) -> None:
        self._forget(writing)
        self._say(writing, len(writing.whole_T), writing.end)

    def _stop(self, writing: _Writing, status: HTTPStatus | None = None) -> None:
        self._forget(writing)
        reason = {"type": "abort", "message": "Aborted" if status is None else "full", "status_code": status}
        if not writing.start:
            meta = {"id": writing.rid, "finish_reason": reason, "completion_tokens": 0}
            writing.events.put_nowait(
                {"text": "", "output_ids": [], "meta_info": meta, "index": writing.index}
            )
            return
        past = asyncio.get_running_loop().time() - writing.start
        n = int(past / self._token_s) if self._token_s else len(writing.whole_T)
        self._say(writing, max(1, min(n, len(writing.whole_T))), reason)

    def _forget(self, writing: _Writing) -> None:
        writing.done = True
        for timer in writing.timers:
            timer.cancel()
        del self._live[writing.rid]
        if self._queue:
            self._fill()


def _drop(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


async def _serve(mock: SGLangMock) -> None:
    runner = await mock.start()
    print(mock.port, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--token-s", type=float, default=0.01)
    parser.add_argument("--step-tokens", type=int, default=60)
    options = parser.parse_args()
    asyncio.run(_serve(SGLangMock(token_s=options.token_s, step_tokens=options.step_tokens)))
