"""What the predictor sees of a problem, as it is fitted: its terms, and the shape of its tokens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from compute_router.difficulty.block import Codes, portions, read
from compute_router.difficulty.shape import SHAPE, shapes
from compute_router.difficulty.tokens import capped, tokenise, word

__all__ = ["SCHEMA", "SHAPE", "Features", "extract"]

SCHEMA = 1
"""Version of the features. A model file fitted on another version is refused."""


@dataclass(frozen=True, slots=True)
class Features:
    """`terms`: word and pair counts of the text. `shape`: one number for each name in `SHAPE`."""

    terms: Counter[str]
    shape: tuple[float, ...]


def extract(texts: Sequence[str]) -> list[Features]:
    """One a text, in order. Total: no text raises."""
    codes = Codes(lambda _: 0)
    rows = [tuple(row) for some in portions(texts) for row in shapes(read(some, codes)).tolist()]
    return [Features(_terms(text), row) for text, row in zip(texts, rows, strict=True)]


def _terms(text: str) -> Counter[str]:
    words = list(map(word, tokenise(capped(text))))
    terms = Counter(words)
    terms.update(map(" ".join, pairwise(words)))
    return terms
