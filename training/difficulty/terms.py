"""Texts as a sparse matrix: normed TF-IDF of the terms beside the scaled shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from compute_router.difficulty.features import SHAPE, Features
from compute_router.difficulty.term_index import term_weight
from compute_router.difficulty.tokens import MAX_CHARS

__all__ = ["MIN_TEXTS", "SHAPE_SCALE", "Counts", "Space", "counted", "space"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MIN_TEXTS = 5
"""A term that fewer texts hold is not learned."""
SHAPE_SCALE = 0.3
"""A standardised shape feature counts this much beside a text's terms, whose norm is 1."""
_MAX_TERMS = 40_000


@dataclass(frozen=True, eq=False)
class Counts:
    """P texts once and for all: `damped`, (P, all terms that occur), holds what `term_weight` makes of each
    count without the idf; `shape`, (P, shape features)."""

    terms: dict[str, int]
    damped: sparse.csr_matrix
    shape: Floats

    def texts_with(self, rows: Ints) -> Ints:
        """(all terms,): in how many of the texts `rows` each occurs."""
        some = self.damped[rows]
        found: Ints = np.bincount(some.indices, minlength=some.shape[1])
        return found


@dataclass(frozen=True, slots=True)
class Space:
    """Columns: the terms of `idf` in order, then the shape features."""

    idf: dict[str, float]
    low: Floats
    high: Floats
    mean: Floats
    scale: Floats

    def matrix(self, counts: Counts, rows: Ints) -> sparse.csr_matrix:
        """One row for each text of `rows`."""
        column = np.full(len(counts.terms), -1)
        for j, term in enumerate(self.idf):
            if (at := counts.terms.get(term)) is not None:
                column[at] = j
        idf = np.fromiter(self.idf.values(), dtype=np.float64, count=len(self.idf))
        some = counts.damped[rows].tocoo()
        known = column[some.col] >= 0
        row, col = some.row[known], column[some.col[known]]
        weight = some.data[known] * idf[col]
        norm = np.sqrt(np.bincount(row, weight**2, len(rows)))
        weight /= np.where(norm > 0, norm, 1.0)[row]
        terms = sparse.csr_matrix((weight, (row, col)), shape=(len(rows), len(idf)))
        shape = np.clip(counts.shape[rows], self.low, self.high)
        return sparse.hstack([terms, (shape - self.mean) * self.scale], format="csr")


def counted(features: Sequence[Features]) -> Counts:
    """The counts of these texts."""
    terms: dict[str, int] = {}
    starts, indices, data = [0], [], []
    damped = [0.0, *(term_weight(count, 1.0) for count in range(1, MAX_CHARS + 1))]
    for text in features:
        indices += [terms.setdefault(term, len(terms)) for term in text.terms]
        data += [damped[count] for count in text.terms.values()]
        starts.append(len(indices))
    matrix = sparse.csr_matrix(
        (np.array(data, dtype=np.float64), np.array(indices, dtype=np.int64), np.array(starts)),
        shape=(len(features), len(terms)),
    )
    shape = np.array([text.shape for text in features], dtype=np.float64).reshape(-1, len(SHAPE))
    return Counts(terms, matrix, shape)


def space(counts: Counts, rows: Ints, min_texts: int = MIN_TEXTS) -> Space:
    """The vocabulary, and the range and scale of the shape, of the texts `rows`."""
    found = counts.texts_with(rows)
    common = [(-int(found[j]), term) for term, j in counts.terms.items() if found[j] >= min_texts]
    shape = counts.shape[rows]
    sd = shape.std(axis=0)
    return Space(
        idf={term: math.log((len(rows) + 1) / (1 - n)) for n, term in sorted(common)[:_MAX_TERMS]},
        low=shape.min(axis=0),
        high=shape.max(axis=0),
        mean=shape.mean(axis=0),
        scale=np.divide(SHAPE_SCALE, sd, out=np.zeros_like(sd), where=sd > 1e-9),
    )
