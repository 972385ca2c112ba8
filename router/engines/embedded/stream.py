"""One streamed completion of n samples, read into pieces."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Literal

import aiohttp
import orjson

from router.engines.base import Extension, Request
from router.engines.steps import STEP_END, Piece, cut_steps
from router.errors import ContextOverflow, EngineError
from router.ledger import Tokens

__all__ = ["refusal", "stream"]

_FINISH: dict[str, Literal["open", "stop", "length"]] = {"word": "open", "eos": "stop", "limit": "length"}


async def stream(
    session: aiohttp.ClientSession, request: Request, n: int
) -> AsyncIterator[tuple[int, Extension]]:
    """Yields (index, extension) as each of the `n` samples ends; closing it cancels the rest.

    Raises ContextOverflow and EngineError.
    """
    pieces: list[list[Piece]] = [[] for _ in range(n)]
    try:
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
                pieces[index].extend(_pieces(chunk))
                if chunk["stop"]:
                    yield index, _extension(chunk, pieces[index], is_first=index == 0)
    except (aiohttp.ClientError, TimeoutError, orjson.JSONDecodeError, KeyError) as error:
        raise EngineError(f"the embedded engine broke off: {type(error).__name__}: {error}") from error


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
        # The paper samples from the whole distribution; llama.cpp's defaults would cut its tail.
        "samplers": ["temperature"],
        "stop": [STEP_END] if request.until == "step" else [],
        "stream": True,
        "return_tokens": True,
        "n_probs": 1,
        "cache_prompt": True,
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


def _extension(chunk: dict[str, Any], pieces_T: list[Piece], *, is_first: bool) -> Extension:
    finish = _FINISH.get(chunk["stop_type"])
    if finish == "open" and pieces_T:
        # llama.cpp cuts the stop string from the text; its token is part of the path all the same.
        pieces_T[-1] = replace(pieces_T[-1], text=pieces_T[-1].text + STEP_END)
    if finish is None:
        raise EngineError(f"the embedded engine stopped for an unknown reason: {chunk['stop_type']!r}")
    timings = chunk["timings"]
    prompt = int(timings["cache_n"]) + int(timings["prompt_n"])
    # llama.cpp reads the prefix for the first of n samples and copies its cache to the others, which
    # repeat the first one's counts: what they read was all cached.
    cached = int(timings["cache_n"]) if is_first else prompt
    usage = Tokens(prompt=prompt, cached=cached, generated=int(chunk["tokens_predicted"]))
    return Extension(cut_steps(pieces_T), finish, usage)
