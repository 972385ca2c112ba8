"""Keys and values of the paths: one row a path, those being written first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from compute_router.engines.torch.library import torch

__all__ = ["Found", "Rows"]


@dataclass(frozen=True, slots=True)
class Found:
    """The row that shares the longest prefix, and how many tokens of it."""

    row: int
    tokens: int


class Rows:
    """`rows` rows of up to `context` tokens. Rows 0 to `writing` - 1 are being written, the others keep what
    they had until they are needed: a path that goes on, or a sibling, finds its prefix there.

    It is the cache that transformers' models update in every layer. Memory is taken as tokens come.
    """

    is_compileable = False

    def __init__(self, config: Any, dtype: Any, *, rows: int, context: int) -> None:
        heads = config.num_key_value_heads
        width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        # One token more than fits: where the padding of a batch is written, and nobody reads.
        shape = (rows, heads, context + 1, width)
        layers = config.num_hidden_layers
        self._keys_L = [torch().zeros(shape, dtype=dtype) for _ in range(layers)]
        self._values_L = [torch().zeros(shape, dtype=dtype) for _ in range(layers)]
        self.context = context
        self.tokens_R: list[list[int]] = [[] for _ in range(rows)]
        self.writing = 0
        self._used_R = [0] * rows
        self._clock = 0
        self._batch = slice(0, 0)
        self._places: Any = None
        self._until = 0

    def find(self, tokens_T: Sequence[int]) -> Found:
        """The row with the longest prefix of `tokens_T`, at most all of them but the last: that one has to be
        read for what comes after it."""
        best = Found(0, 0)
        for row, held_T in enumerate(self.tokens_R):
            common = shared(held_T, tokens_T)
            if common > best.tokens:
                best = Found(row, common)
        return Found(best.row, min(best.tokens, len(tokens_T) - 1))

    def open(self, found: Found) -> None:
        """Make one more row to write on, the last, that begins with the prefix that was found. There is one
        as long as not all are being written."""
        mine = found.row >= self.writing and found.tokens >= len(self.tokens_R[found.row]) - 1
        free = range(self.writing, len(self.tokens_R))
        row = found.row if mine else min(free, key=self._used_R.__getitem__)
        if row != found.row:
            for held in (*self._keys_L, *self._values_L):
                held[row, :, : found.tokens] = held[found.row, :, : found.tokens]
            self.tokens_R[row] = self.tokens_R[found.row][: found.tokens]
        del self.tokens_R[row][found.tokens :]
        self._swap(row, self.writing)
        self.writing += 1

    def close(self, row: int) -> None:
        """End writing on a row. The last one that is being written takes its place."""
        self.writing -= 1
        self._clock += 1
        self._used_R[row] = self._clock
        self._swap(row, self.writing)

    def place(self, batch: slice, places: Any, until: int) -> None:
        """Where the next forward pass writes: `places` (rows of the batch, tokens), and how far it reads."""
        self._batch, self._places, self._until = batch, places, until

    def update(self, key: Any, value: Any, layer: int, *_: Any, **__: Any) -> tuple[Any, Any]:
        """Take in a layer's new keys and values (B, K, T, D); returns all of the batch (B, K, S, D)."""
        rows = torch().arange(self._batch.start, self._batch.stop)[:, None]
        keys, values = self._keys_L[layer], self._values_L[layer]
        keys[rows, :, self._places] = key.transpose(1, 2)
        values[rows, :, self._places] = value.transpose(1, 2)
        return keys[self._batch, :, : self._until], values[self._batch, :, : self._until]

    def get_seq_length(self, *_: Any) -> int:
        return 0  # every position is given

    def get_mask_sizes(self, *_: Any) -> tuple[int, int]:
        return self._until, 0

    def _swap(self, one: int, other: int) -> None:
        if one == other:
            return
        until = max(len(self.tokens_R[one]), len(self.tokens_R[other]))
        for held in (*self._keys_L, *self._values_L):
            kept = held[one, :, :until].clone()
            held[one, :, :until] = held[other, :, :until]
            held[other, :, :until] = kept
        tokens_R, used_R = self.tokens_R, self._used_R
        tokens_R[one], tokens_R[other] = tokens_R[other], tokens_R[one]
        used_R[one], used_R[other] = used_R[other], used_R[one]


def shared(one_T: Sequence[int], other_T: Sequence[int]) -> int:
    """How many tokens two texts begin with in common."""
    for at, (mine, yours) in enumerate(zip(one_T, other_T, strict=False)):
        if mine != yours:
            return at
    return min(len(one_T), len(other_T))
