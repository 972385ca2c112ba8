"""One streamed completion of n samples, read into pieces."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, Literal

import aiohttp
import orjson

from compute_router.engines.base import Cut, Extension, Request
from compute_router.engines.steps import STEP_END, Piece, cut_steps
from compute_router.errors import ContextOverflow, EngineError
from compute_router.ledger import Tokens

__all__ = ["refusal", "stream"]

RELEVANT = 1e-6
"""A token this much less probable than the likeliest is not drawn. At temperature 0.7 all such tokens of
a vocabulary of 150,000 together have less than 0.0005 of the likeliest one's chance; looking at
them all takes the engine a good part of its time."""

_FINISH: dict[str, Literal["open", "stop", "length"]] = {"word": "open", "eos": "stop", "limit": "length"}


async def stream(
    session: aiohttp.ClientSession, request: Request, n: int, cut: Cut | None = None
) -> AsyncIterator[tuple[int, Extension]]:
    """Yields (index, extension) as each of the `n` samples ends; closing it cancels the rest, and once
    `cut` is done the rest end with what they have.

    Raises ContextOverflow and EngineError.
    """
    samples = [_Sample(request) for _ in range(n)]
    try:
        async with asyncio.timeout(None) as until:
            if cut is not None:
                cut.add_done_callback(lambda _: _expire(until))
            async with session.post("/completion", data=orjson.dumps(_body(request, n))) as response:
                if response.status != 200:
                    raise refusal(response.status, await response.read())
                async for line in response.content:
                    if line.startswith(b"error:"):
                        raise refusal(500, line[6:])
                    if not line.startswith(b"data:") or line.startswith(b"data: [DONE]"):
                        continue
                    chunk: dict[str, Any] = orjson.loads(line[5:])
                    if "error" in chunk:
                        raise refusal(int(chunk["error"].get("code", 500)), orjson.dumps(chunk))
                    index: int = chunk["index"]
                    if samples[index].read(chunk):
                        yield index, samples[index].ended(chunk["stop_type"], is_first=index == 0)
    except TimeoutError as error:
        if cut is None or not cut.done():
            raise EngineError("the embedded engine fell silent") from error
        for index, sample in enumerate(samples):
            if not sample.has_ended:
                yield index, sample.cut(is_first=index == 0)
    except (aiohttp.ClientError, orjson.JSONDecodeError, KeyError) as error:
        raise EngineError(f"the embedded engine broke off: {type(error).__name__}: {error}") from error


def _expire(until: asyncio.Timeout) -> None:
    with suppress(RuntimeError):  # the stream had ended before it was cut
        until.reschedule(asyncio.get_running_loop().time())


def refusal(status: int, body: bytes) -> EngineError:
    """The typed error for an answer of llama.cpp that is none."""
    try:
        error = orjson.loads(body)["error"]
        message, kind = str(error["message"]), str(error.get("type", ""))
    except (orjson.JSONDecodeError, KeyError, TypeError):
        message, kind = body[:200].decode(errors="replace"), ""
    if kind == "exceed_context_size_error":
        return ContextOverflow(message)
    return EngineError(f"the embedded engine answered {status}: {message}", retryable=status >= 500)


def _body(request: Request, n: int) -> dict[str, Any]:
    return {
        "prompt": [*request.prompt_T, *request.path_T],
        "n": n,
        "seed": request.seed,
        "n_predict": request.max_tokens,
        "temperature": request.temperature,
        # The paper samples from the whole distribution, of which llama.cpp's defaults would cut a good part.
        "samplers": ["min_p", "temperature"],
        "min_p": RELEVANT,
        "stop": [STEP_END] if request.until == "step" else [],
        "stream": True,
        "return_tokens": True,
        "n_probs": 1,
        "cache_prompt": True,
        "timings_per_token": True,  # so that a sample that is cut knows what it cost
    }


def _pieces(chunk: dict[str, Any]) -> list[Piece]:
    tokens: list[int] = chunk.get("tokens", [])
    probabilities: list[dict[str, Any]] = chunk.get("completion_probabilities", [])
    logprobs: list[float | None] = [entry.get("logprob") for entry in probabilities]
    logprobs += [None] * (len(tokens) - len(logprobs))
    # The text of a chunk stands with its last token: the others end in the middle of a character.
    texts = [""] * (len(tokens) - 1) + [chunk.get("content", "")]
    return [
        Piece(text, token, logprob) for text, token, logprob in zip(texts, tokens, logprobs, strict=False)
    ]


class _Sample:
    """What has come of one sample."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._pieces_T: list[Piece] = []
        self._timings: dict[str, Any] = {}
        self.has_ended = False

    def read(self, chunk: dict[str, Any]) -> bool:
        """Take in a chunk; True where it is the last."""
        self._pieces_T.extend(_pieces(chunk))
        self._timings = chunk.get("timings", self._timings)
        self.has_ended = chunk["stop"]
        return self.has_ended

    def ended(self, stop_type: str, *, is_first: bool) -> Extension:
        finish = _FINISH.get(stop_type)
        if finish is None:
            raise EngineError(f"the embedded engine stopped for an unknown reason: {stop_type!r}")
        if finish == "open" and self._pieces_T:
            # llama.cpp cuts the stop string from the text; its token is part of the path all the same.
            self._pieces_T[-1] = replace(self._pieces_T[-1], text=self._pieces_T[-1].text + STEP_END)
        return Extension(cut_steps(self._pieces_T), finish, self._usage(is_first))

    def cut(self, *, is_first: bool) -> Extension:
        return Extension(cut_steps(self._pieces_T), "cut", self._usage(is_first))

    def _usage(self, is_first: bool) -> Tokens:
        if not self._timings:  # cut before the first token: the prompt may have been read
            return Tokens(prompt=len(self._request.prompt_T) + len(self._request.path_T))
        prompt = int(self._timings["cache_n"]) + int(self._timings["prompt_n"])
        # llama.cpp reads the prefix for the first of n samples and copies its cache to the others, which
        # repeat the first one's counts: what they read was all cached.
        cached = int(self._timings["cache_n"]) if is_first else prompt
        return Tokens(prompt=prompt, cached=cached, generated=int(self._timings["predicted_n"]))
