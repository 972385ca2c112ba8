"""How a sweep's difficulties depart from what a text model says: a ridge on terms and shape."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import lsqr

from compute_router.difficulty.text import TextModel
from compute_router.training.difficulty.corpus import Corpus, Floats, Mask
from compute_router.training.difficulty.terms import MIN_TEXTS, SHAPE_SCALE, Space

__all__ = ["PENALTIES", "Correction", "Design", "design"]

PENALTIES = (1.0, 4.0, 16.0, math.inf)
"""Inverse prior variance of the correction of one text, in 1 / logit^2; at infinity the texts correct nothing
but the level and the stretch of what the model says."""

_LEVEL_SD, _STRETCH_SD = 5.0, 0.5


@dataclass(frozen=True, slots=True)
class Correction:
    """b = level + (1 + stretch) (m - mean) + mean + familiarity * (columns . weights), m being the text
    model's b."""

    weights: Floats
    level: float
    stretch: float
    mean: float


@dataclass(frozen=True, slots=True)
class Design:
    """`text`: the model with the sweep's own terms joined to its vocabulary, with no weight as yet.
    `columns`: (P, terms + shape), times each text's familiarity. `b_P`, `familiar_P`: what `text` says."""

    text: TextModel
    room: Space
    columns: sparse.csr_matrix
    b_P: Floats
    familiar_P: Floats

    def solve(self, z_P: Floats, variance_P: Floats, penalty: float, visible_P: Mask) -> Correction:
        """Learn the correction under which the z of the visible problems lie nearest."""
        use = visible_P & np.isfinite(variance_P)
        weight = variance_P[use] ** -0.5
        mean = float(np.average(self.b_P[use], weights=weight**2)) if use.any() else 0.0
        near = np.column_stack([np.full(use.sum(), _LEVEL_SD), _STRETCH_SD * (self.b_P[use] - mean)])
        width, damp = self.columns.shape[1], 1.0
        if math.isinf(penalty):
            matrix = sparse.csr_matrix(near)
        else:
            damp = math.sqrt(penalty)
            matrix = sparse.hstack([near * damp, self.columns[use]], format="csr")
        scaled = sparse.diags_array(weight) @ matrix
        target = weight * (z_P[use] - self.b_P[use])
        found = lsqr(scaled, target, damp=damp, atol=1e-5, btol=1e-5, iter_lim=300)[0]
        weights = np.zeros(width) if math.isinf(penalty) else found[2:]
        return Correction(weights, _LEVEL_SD * damp * found[0], _STRETCH_SD * damp * found[1], mean)

    def predict(self, correction: Correction) -> Floats:
        """(P,): b of the texts."""
        moved = self.b_P + correction.level + correction.stretch * (self.b_P - correction.mean)
        values: Floats = moved + self.columns @ correction.weights
        return values

    def folded(self, correction: Correction) -> TextModel:
        """The corrected text model."""
        terms, shape = np.split(correction.weights, [len(self.room.idf)])
        shape = shape * self.room.scale
        stretch = 1 + correction.stretch
        shift = correction.level - correction.stretch * correction.mean
        return replace(
            self.text,
            terms={
                term: (idf, stretch * weight + own)
                for (term, (idf, weight)), own in zip(self.text.terms.items(), terms.tolist(), strict=True)
            },
            shape=tuple(
                (low, high, stretch * weight + own)
                for (low, high, weight), own in zip(self.text.shape, shape.tolist(), strict=True)
            ),
            intercept=shift + stretch * self.text.intercept - float(shape @ self.room.mean),
            centre=shift + stretch * self.text.centre,
        )


def design(corpus: Corpus, base: TextModel) -> Design:
    """The texts of the corpus as `base` sees them."""
    counts, rows = corpus.counts, np.arange(len(corpus.texts))
    shape, found = counts.shape, counts.texts_with(rows)
    own = sorted(t for t, j in counts.terms.items() if found[j] >= MIN_TEXTS and t not in base.terms)
    idf = {term: weights[0] for term, weights in base.terms.items()}
    idf |= {term: math.log((len(rows) + 1) / (int(found[counts.terms[term]]) + 1)) for term in own}
    text = replace(
        base,
        terms={**base.terms, **{term: (idf[term], 0.0) for term in own}},
        shape=tuple(
            (low, high, weight) if low < high else (float(seen.min()), float(seen.max()), 0.0)
            for (low, high, weight), seen in zip(base.shape, shape.T, strict=True)
        ),
    )
    low, high, _ = np.array(text.shape).T
    clipped = np.clip(shape, low, high)
    sd = clipped.std(axis=0)
    scale = np.divide(SHAPE_SCALE, sd, out=np.zeros_like(sd), where=sd > 1e-9)
    room = Space(idf, low, high, clipped.mean(axis=0), scale)
    b, familiar = np.array(text.place(corpus.texts)).reshape(-1, 2).T
    columns = sparse.diags_array(familiar) @ room.matrix(counts, rows)
    return Design(text, room, columns.tocsr(), b, familiar)
