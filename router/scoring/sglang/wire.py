"""A list call of POST /generate or /classify as bytes, and its reply as logits.

Read in the source of SGLang 0.5.23, and held by tests against a running server (tests/sglang):

/generate with `max_new_tokens` 0 reads the prompt and stops. `output_token_ids_logprobs` then has one entry,
from the logits of the last position. With `logprob_start_len` k, `input_token_ids_logprobs` has one entry for
each position from k on: the first is null, and the entry of a position comes from the logits of the
position BEFORE it. A k that is not -1 also caps the cached prefix at k.

/classify gives the head's raw logits of the last position, under the name "embedding".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from compute_router.engines.sglang.wire import refusal
from compute_router.errors import EngineError, ScorerError
from compute_router.ledger import Tokens
from compute_router.policies.fast_frozen import record
from compute_router.scoring.families.base import Head, TokenPair

__all__ = [
    "Logits",
    "Part",
    "Reading",
    "classify",
    "generate",
    "head_logits",
    "members",
    "pair_logits",
    "usage",
]

Logits = tuple[float, ...]


@record
class Part:
    """Read `ids_T` and give the logits at the positions `at_K`, ascending, of which the last ends the ids.
    Of these ids the server has read the first `known` before."""

    ids_T: tuple[int, ...]
    at_K: tuple[int, ...]
    known: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """The logits at each position asked for, and what reading them cost."""

    logits_K: tuple[Logits, ...]
    usage: Tokens


def generate(rids: Sequence[str], parts: Sequence[Part], pair: TokenPair) -> bytes:
    """The log-probabilities of two tokens at each position of `parts`."""
    return orjson.dumps(
        {
            "rid": rids,
            "input_ids": [part.ids_T for part in parts],
            # Temperature 0 leaves the log-probabilities those of the plain softmax.
            "sampling_params": {"max_new_tokens": 0, "temperature": 0.0},
            "return_logprob": True,
            "logprob_start_len": [-1 if len(part.at_K) == 1 else part.at_K[0] for part in parts],
            "token_ids_logprob": [[pair.good, pair.bad] for _ in parts],
        }
    )


def classify(rids: Sequence[str], parts: Sequence[Part]) -> bytes:
    """The head's logits at the last position of each of `parts`."""
    return orjson.dumps({"rid": rids, "input_ids": [part.ids_T for part in parts]})


def members(status: int, answer: bytes, rids: Sequence[str]) -> list[dict[str, Any]]:
    """The replies of a list call, in its order. Raises EngineError, or ScorerError where they are others'."""
    if status != 200:
        raise refusal(status, answer)
    replies = orjson.loads(answer)
    if not isinstance(replies, list) or len(replies) != len(rids):
        n = len(replies) if isinstance(replies, list) else "no"
        raise ScorerError(f"the PRM server gave {n} replies to {len(rids)} requests")
    for reply, rid in zip(replies, rids, strict=True):
        if reply["meta_info"]["id"] != rid:
            raise ScorerError(f"the PRM server answered {reply['meta_info']['id']!r} where {rid!r} was asked")
    return replies


def usage(part: Part, reply: dict[str, Any]) -> Tokens:
    """What one member of the call read; a PRM writes nothing. /classify does not say how much of it was
    cached: there it is taken to be what the server is known to have read. Raises EngineError where the
    server gave the member up."""
    meta = reply["meta_info"]
    reason = meta.get("finish_reason") or {}
    if reason.get("type") == "abort":
        raise _aborted(reason)
    cached = meta.get("cached_tokens")
    # The last token is always computed: its logits are wanted.
    return Tokens(meta["prompt_tokens"], min(part.known, len(part.ids_T) - 1) if cached is None else cached)


def pair_logits(part: Part, reply: dict[str, Any], pair: TokenPair) -> tuple[Logits, ...]:
    """The log-probabilities of `good` and `bad` at each position of `part`. Raises ScorerError."""
    meta = reply["meta_info"]
    last = _pair(meta["output_token_ids_logprobs"][0], pair)
    if len(part.at_K) == 1:
        return (last,)
    entries_T = meta["input_token_ids_logprobs"]
    start = part.at_K[0]
    if len(entries_T) != len(part.ids_T) - start:
        raise ScorerError(
            f"the PRM server gave {len(entries_T)} log-probabilities for {len(part.ids_T) - start} tokens"
        )
    return (*(_pair(entries_T[at + 1 - start], pair) for at in part.at_K[:-1]), last)


def head_logits(reply: dict[str, Any], head: Head) -> Logits:
    """The head's logits. Raises ScorerError."""
    found = reply["embedding"]
    logits = tuple(found if isinstance(found, list) else [found])
    if len(logits) != head.labels:
        raise ScorerError(
            f"the PRM server gave {len(logits)} values for a head of {head.labels}: it serves the model "
            "without its reward head"
        )
    return _finite(logits)


def _pair(entry: Any, pair: TokenPair) -> Logits:
    if not entry:
        raise ScorerError("the PRM server left out the log-probabilities of a step")
    found = {row[1]: row[0] for row in entry}
    if found.keys() != {pair.good, pair.bad}:
        raise ScorerError(
            f"the PRM server gave the log-probabilities of {sorted(found)}, which were not asked for"
        )
    return _finite((found[pair.good], found[pair.bad]))


def _finite(logits: Sequence[Any]) -> Logits:
    for value in logits:
        if not isinstance(value, int | float) or not math.isfinite(value):
            raise ScorerError(f"the PRM server gave {value} where a score should be")
    return tuple(map(float, logits))


def _aborted(reason: dict[str, Any]) -> EngineError:
    status = int(reason.get("status_code") or 500)
    message = f"the PRM server gave a request up: {reason.get('message', 'aborted')}"
    return EngineError(message, retryable=status >= 500 or status == 429)
