"""A text model compiled: from texts to the sum of its weights, a block of them at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from compute_router.difficulty.block import Block, Codes, Floats, portions, read
from compute_router.difficulty.shape import SHAPE, shapes
from compute_router.difficulty.term_index import Vocabulary

__all__ = ["Reader"]

_REMEMBERED = 1 << 14
"""Tokens, after which the memory of them starts anew. None is longer than what is read of a text."""


class Reader:
    """`terms` and `shape` are those of `TextModel`. What it says of a text does not depend, to the last bit,
    on the texts around it: wherever floats are added, the order is the text's own."""

    def __init__(
        self, terms: Mapping[str, tuple[float, float]], shape: Sequence[tuple[float, float, float]]
    ) -> None:
        self._vocabulary = Vocabulary(terms)
        self._low, self._high, self._weight = np.array(shape).reshape(len(SHAPE), 3).T
        self._codes = Codes(self._vocabulary.number)

    def read(self, texts: Iterable[str]) -> Iterator[tuple[float, float]]:
        """Of each text terms . weights + shape . weights, and its familiarity, the share of known words."""
        for some in portions(texts):
            if len(self._codes) > _REMEMBERED:  # not cleared: another thread may be at work with it
                self._codes = Codes(self._vocabulary.number)
            raw, familiarity = self._weigh(read(some, self._codes))
            yield from zip(raw.tolist(), familiarity.tolist(), strict=True)

    def _weigh(self, block: Block) -> tuple[Floats, Floats]:
        terms, familiarity = self._vocabulary.weigh(block)
        shape = np.minimum(np.maximum(shapes(block), self._low), self._high) * self._weight
        return terms + shape.cumsum(axis=1)[:, -1], familiarity
