"""Scores by the ids that lead to them, and ids by their text, so that a step is worked on once."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from functools import lru_cache
from hashlib import blake2b

from compute_router.scoring.families.base import Layout, Vocabulary

__all__ = ["Memory", "Remembered", "keys"]

MOST = 1 << 18
"""Scores kept: about 200 bytes each."""
TEXTS = 1 << 14
"""Encoded texts kept: about 2 kB each."""


class Memory:
    """The `most` scores used last."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._scores: OrderedDict[bytes, float] = OrderedDict()

    def get(self, key: bytes) -> float | None:
        score = self._scores.get(key)
        if score is not None:
            self._scores.move_to_end(key)
        return score

    def put(self, key: bytes, score: float) -> None:
        self._scores[key] = score
        self._scores.move_to_end(key)
        if len(self._scores) > self._most:
            self._scores.popitem(last=False)


class Remembered:
    """A vocabulary that encodes a text once. A path is laid out anew for each of its steps, and families
    encode step by step: of all its text only the newest is new."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._encode = lru_cache(TEXTS)(vocabulary.encode)
        self._control = vocabulary.control

    def encode(self, text: str) -> list[int]:
        return self._encode(text)

    def control(self, token: str) -> int:
        return self._control(token)


def keys(layout: Layout) -> tuple[bytes, ...]:
    """For each step a key of all the ids up to its score: a causal model's score depends on no others."""
    digest = blake2b(digest_size=16)
    ids = memoryview(array("I", layout.ids_T))
    found: list[bytes] = []
    start = 0
    for at in layout.at_S:
        digest.update(ids[start : at + 1])
        start = at + 1
        found.append(digest.digest())
    return tuple(found)
