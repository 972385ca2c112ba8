"""Texts as a sparse matrix: normed TF-IDF of the terms beside the scaled shape."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from difficulty.features import Features
from difficulty.vocabulary import term_weight
from training.difficulty.corpus import Floats

__all__ = ["Space", "space"]

_MIN_TEXTS = 5
_MAX_TERMS = 40_000
_SHAPE_SCALE = 0.3
"""A standardised shape feature counts this much beside a text's terms, whose norm is 1."""


@dataclass(frozen=True, slots=True)
class Space:
    """Columns: the terms of `idf` in order, then the shape features."""

    idf: dict[str, float]
    low: Floats
    high: Floats
    mean: Floats
    scale: Floats

    def matrix(self, features: Sequence[Features]) -> sparse.csr_matrix:
        """One row for each text."""
        columns = {term: j for j, term in enumerate(self.idf)}
        rows: list[int] = []
        cols: list[int] = []
        values: list[float] = []
        for i, text in enumerate(features):
            weights = {columns[t]: term_weight(c, self.idf[t]) for t, c in text.terms.items() if t in columns}
            norm = math.hypot(*weights.values()) or 1.0
            rows += [i] * len(weights)
            cols += weights.keys()
            values += [w / norm for w in weights.values()]
        terms = sparse.csr_matrix((values, (rows, cols)), shape=(len(features), len(columns)))
        shape = np.clip([f.shape for f in features], self.low, self.high)
        return sparse.hstack([terms, (shape - self.mean) * self.scale], format="csr")


def space(features: Sequence[Features]) -> Space:
    """The vocabulary, and the range and scale of the shape, of these texts."""
    texts_with: Counter[str] = Counter()
    for text in features:
        texts_with.update(text.terms.keys())
    common = [term for term, count in texts_with.items() if count >= _MIN_TEXTS]
    kept = sorted(common, key=lambda term: (-texts_with[term], term))[:_MAX_TERMS]
    shape = np.array([f.shape for f in features])
    sd = shape.std(axis=0)
    return Space(
        idf={term: math.log((len(features) + 1) / (texts_with[term] + 1)) for term in kept},
        low=shape.min(axis=0),
        high=shape.max(axis=0),
        mean=shape.mean(axis=0),
        scale=np.divide(_SHAPE_SCALE, sd, out=np.zeros_like(sd), where=sd > 1e-9),
    )
