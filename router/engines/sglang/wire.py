"""A list call of POST /generate as bytes, and its streamed reply as extensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import orjson

from compute_router.engines.base import Extension, Request
from compute_router.engines.ids import packed
from compute_router.engines.steps import STEP_END, Piece, cut_steps
from compute_router.errors import ContextOverflow, EngineError
from compute_router.ledger import Tokens
from compute_router.policies import Step

__all__ = ["body", "extension", "final", "refusal"]

_AT_THE_END = 1 << 20
"""As `stream_interval`: the server streams the first token, then nothing until the end."""

_OVERFLOW = ("context length", "maximum allowed length", "max_req_input_len")


def body(rids: Sequence[str], requests: Sequence[Request], *, logprobs: bool) -> bytes:
    """One list call; all `requests` have the same `until`."""
    to_end = requests[0].until == "end"
    # Ids, never text: re-tokenised text would lose the cached prefix at the seam. Siblings share theirs.
    ids: dict[tuple[int, int], orjson.Fragment] = {}
    for request in requests:
        prefix = id(request.prompt_T), id(request.path_T)
        if prefix not in ids:
            ids[prefix] = orjson.Fragment(orjson.dumps(request.prompt_T + request.path_T))
    call: dict[str, Any] = {
        "input_ids": [ids[id(request.prompt_T), id(request.path_T)] for request in requests],
        "sampling_params": [_sampling(request) for request in requests],
        "rid": rids,
        "stream": True,
    }
    if logprobs or to_end:
        call["return_logprob"] = True
        call["logprob_start_len"] = -1
        # A path to its end is cut into steps between tokens, so the text of each token is needed.
        call["return_text_in_logprobs"] = to_end
    return orjson.dumps(call)


def final(event: bytes) -> dict[str, Any] | None:
    """The event where it ends a member of the call, None where it does not. Raises EngineError."""
    if (
        not event.startswith(b"data:")
        or b'"finish_reason":null' in event
        or event.startswith(b"data: [DONE]")
    ):
        return None
    reply: dict[str, Any] = orjson.loads(event[5:])
    if "error" in reply:
        raise refusal(400, event[5:])
    return None if reply["meta_info"]["finish_reason"] is None else reply


def extension(request: Request, reply: dict[str, Any], *, cut: bool) -> Extension:
    """What one member of the call wrote; `cut` where it was aborted on purpose. Raises EngineError."""
    meta = reply["meta_info"]
    tokens_T = packed(reply["output_ids"])
    entries_T: list[tuple[float, int, str]] = meta.get("output_token_logprobs", [])
    logprobs_T = tuple([entry[0] for entry in entries_T])
    if None in logprobs_T:
        raise EngineError("the server gave a log-probability that is no number")
    finish = _finish(request, meta["finish_reason"], cut=cut)
    if request.until == "end":
        steps_S = cut_steps(_pieces(reply["text"], tokens_T, entries_T))
    else:
        steps_S = (Step(reply["text"], tokens_T, logprobs_T),) if tokens_T else ()
    # Aborted while it waited, a request was never read.
    usage = Tokens(meta.get("prompt_tokens", 0), meta.get("cached_tokens", 0), meta["completion_tokens"])
    return Extension(steps_S, finish, usage)


def refusal(status: int, answer: bytes) -> EngineError:
    """The typed error for an answer that is no reply."""
    try:
        message = str(orjson.loads(answer)["error"]["message"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        message = answer[:200].decode(errors="replace")
    return _error(status, message)


def _error(status: int, message: str) -> EngineError:
    if status == 400 and any(word in message for word in _OVERFLOW):
        return ContextOverflow(message)
    return EngineError(f"the server answered {status}: {message}", retryable=status >= 500 or status == 429)


def _sampling(request: Request) -> dict[str, Any]:
    sampling: dict[str, Any] = {
        "max_new_tokens": request.max_tokens,
        "temperature": request.temperature,
        "sampling_seed": request.seed,
        # The paper samples from the whole distribution; a server may prefer to cut its tail.
        "top_p": 1.0,
        "top_k": -1,
        "stream_interval": _AT_THE_END,
    }
    if request.until == "step":
        sampling["stop"] = STEP_END
        sampling["no_stop_trim"] = True
    return sampling


def _finish(
    request: Request, reason: dict[str, Any], *, cut: bool
) -> Literal["open", "stop", "length", "cut"]:
    match reason["type"]:
        case "stop":
            return "open" if reason.get("matched") == STEP_END else "stop"
        case "length":
            return "length"
        case "abort" if cut:
            return "cut"
        case "abort":
            raise _error(int(reason.get("status_code") or 500), str(reason.get("message", "aborted")))
        case other:
            raise EngineError(f"the server stopped for an unknown reason: {other!r}")


def _pieces(text: str, tokens_T: Sequence[int], entries_T: list[tuple[float, int, str]]) -> list[Piece]:
    """One piece a token, together exactly `text`.

    A token decoded alone may differ from its part of the text (half a character, a lost space), but its
    newlines do not: pieces end at them, and what lies between stands with the next such token.
    """
    pieces_T: list[Piece] = []
    done = 0
    for token, (logprob, _, alone) in zip(tokens_T, entries_T, strict=True):
        end = done
        for _ in range(alone.count("\n")):
            end = text.find("\n", end) + 1 or len(text)
        tail = alone[alone.rfind("\n") + 1 :] if end > done else ""
        if text.startswith(tail, end):
            end += len(tail)
        pieces_T.append(Piece(text[done:end], token, logprob))
        done = end
    if pieces_T:
        last = pieces_T[-1]
        pieces_T[-1] = Piece(last.text + text[done:], last.token, last.logprob)
    return pieces_T
