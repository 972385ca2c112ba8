"""The next token of every row, drawn by a number of its own: seed and place decide, not the batch."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from compute_router.engines.torch.library import torch

__all__ = ["draw", "uniform"]

ROWS = 8
"""At a time: a vocabulary of 150,000 has 5 MB of logits for so many, which stay in the processor's cache."""
BLOCK = 128


def uniform(seed: int, place: int) -> float:
    """A number in [0, 1) for the token at this place of the path."""
    drawn = blake2b(f"{seed}/{place}".encode(), digest_size=7).digest()
    return int.from_bytes(drawn, "big") / 2.0**56


def draw(
    logits: Any, temperatures_B: Sequence[float], uniforms_B: Sequence[float]
) -> tuple[list[int], list[float]]:
    """Tokens (B,) and their log-probabilities (B,) at temperature 1, of logits (B, V).

    Drawn by the inverse of the cumulated distribution, in the vocabulary's order; temperature 0 takes the
    likeliest.
    """
    tokens: list[int] = []
    logprobs: list[float] = []
    for at in range(0, logits.shape[0], ROWS):
        some = logits[at : at + ROWS].to(torch().float32, copy=True)
        temperatures = torch().tensor(temperatures_B[at : at + ROWS])[:, None]
        chosen = _drawn(some, temperatures, torch().tensor(uniforms_B[at : at + ROWS])[:, None])
        tokens += chosen[:, 0].tolist()
        # The logits are spent on the sum: what is asked of them is taken first.
        own = some.gather(1, chosen)
        top = some.amax(1, keepdim=True)
        total = some.sub_(top).exp_().sum(1, keepdim=True).log_() + top
        logprobs += (own - total).clamp_(max=0.0)[:, 0].tolist()
    return tokens, logprobs


def _drawn(logits: Any, temperatures: Any, uniforms: Any) -> Any:
    """(B, 1) token ids."""
    likeliest = logits.argmax(1, keepdim=True)
    if not temperatures.any():
        return likeliest
    rows, words = logits.shape
    top = logits.gather(1, likeliest)
    weights = ((logits - top) / temperatures.clamp(min=1e-6)).exp_()
    if words % BLOCK:
        weights = torch().nn.functional.pad(weights, (0, BLOCK - words % BLOCK))
    blocks = weights.view(rows, -1, BLOCK)
    sums = blocks.sum(2)
    until = sums.cumsum(1)
    wanted = uniforms * until[:, -1:]
    block = torch().searchsorted(until, wanted, right=True).clamp_(max=sums.shape[1] - 1)
    left = wanted - (until.gather(1, block) - sums.gather(1, block))
    inside = blocks[torch().arange(rows), block[:, 0]].cumsum(1)
    place = torch().searchsorted(inside, left, right=True).clamp_(max=BLOCK - 1)
    drawn = block * BLOCK + place
    # Where rounding has led to a token without any weight, the likeliest.
    drawn = torch().where(weights.gather(1, drawn) > 0, drawn, likeliest)
    return torch().where(temperatures > 0, drawn, likeliest)
