"""Difficulty from text.

Three auxiliary heads first learn what people annotated, from problems that no model has answered: MATH
levels, GSM8K solution steps, and which of these two kinds a problem is. Their predictions then join terms and
shape in a ridge on the difficulties that the answers imply. All parts are linear, so the sum is one linear
model again.

Ridge and Rasch take turns (expectation-maximisation, with the peak of each posterior for its mean):
the text's prediction is the prior of a difficulty, the difficulty the target of the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from sklearn.linear_model import Ridge

from compute_router.difficulty.features import extract
from compute_router.difficulty.text import TextModel
from compute_router.training.difficulty.corpus import Corpus, Floats, Mask
from compute_router.training.difficulty.rasch import Rasch, rasch
from compute_router.training.difficulty.terms import Space, counted, space

__all__ = ["Learned", "annotated_text", "learn", "predicted_levels"]

_HEAD_ALPHA = 3.0
_ALPHA = 2.0
_HEAD_SCALE = 1.0
_LINKED = 3
"""Problems answered by fewer models say little of how the models compare, and join in the second round."""
_WIDE, _NARROW = 2.0, 1.5
"""Prior sd of b, in logits: around one mean for all problems, and around the text's prediction."""
_ROUNDS = 20
"""A model that shares no problem with another finds its place on the scale only slowly."""


@dataclass(frozen=True, slots=True)
class Learned:
    """`text`: uncalibrated (`residual` is the prior of the fit). `rasch`: the last fit to the answers."""

    text: TextModel
    rasch: Rasch


@dataclass(frozen=True, slots=True)
class _Linear:
    weights: Floats
    intercept: float

    def __call__(self, matrix: sparse.csr_matrix) -> Floats:
        values: Floats = matrix @ self.weights + self.intercept
        return values


def learn(corpus: Corpus, visible_P: Mask) -> Learned:
    """Fit on the texts, annotations and answers of the visible problems alone."""
    rows = np.flatnonzero(visible_P)
    room = space(corpus.counts, rows)
    matrix = room.matrix(corpus.counts, rows)
    answered = corpus.answered_P & visible_P
    heads = [_head(matrix, annotation[rows], answered[rows]) for annotation in _annotations(corpus)]

    answered_rows = np.flatnonzero(answered)
    matrix = matrix[answered[rows]]

    def regress(fitted: Rasch, on_P: Mask) -> tuple[_Linear, Floats]:
        line = _stack(matrix, heads, fitted.b_P[answered_rows], on_P[answered_rows])
        prediction = np.zeros(len(corpus.texts))
        prediction[answered_rows] = line(matrix)
        return line, prediction

    linked = answered & (np.bincount(corpus.problem_A, minlength=len(answered)) >= _LINKED)
    linked = linked if linked.any() else answered
    fitted = rasch(corpus, linked[corpus.problem_A], np.zeros(len(corpus.texts)), _WIDE)
    line, prior = regress(fitted, linked)
    for _ in range(_ROUNDS):
        fitted = rasch(corpus, answered[corpus.problem_A], prior, _NARROW, start=fitted)
        line, prior = regress(fitted, answered)
    return Learned(_text_model(room, line, fitted.b_P[answered]), fitted)


def annotated_text(texts: Sequence[str], b_P: Floats, residual: float, spread: float) -> TextModel:
    """Difficulties that are given, regressed on their texts."""
    counts, rows = counted(extract(texts)), np.arange(len(texts))
    room = space(counts, rows)
    text = _text_model(room, _ridge(room.matrix(counts, rows), b_P, _HEAD_ALPHA), b_P)
    return replace(text, residual=residual, spread=spread)


def predicted_levels(corpus: Corpus, train_P: Mask, test_P: Mask) -> Floats:
    """The level head fitted on `train_P` alone, applied to `test_P`."""
    counts, train = corpus.counts, np.flatnonzero(train_P)
    room = space(counts, train)
    head = _ridge(room.matrix(counts, train), corpus.level_P[train], _HEAD_ALPHA)
    return head(room.matrix(counts, np.flatnonzero(test_P)))


def _annotations(corpus: Corpus) -> list[Floats]:
    """What the heads learn: level, steps, and 1 for competition mathematics, 0 for word problems, by which of
    the two they are annotated with."""
    formal = np.where(np.isnan(corpus.log_steps_P), np.nan, 0.0)
    formal[~np.isnan(corpus.level_P)] = 1.0
    return [corpus.level_P, corpus.log_steps_P, formal]


def _head(matrix: sparse.csr_matrix, annotation: Floats, answered: Mask) -> _Linear | None:
    """Annotation from text, or None where nothing is annotated. Answered problems stay out, so that
    the head's error on them is that on new ones."""
    use = ~np.isnan(annotation) & ~answered
    if not use.any():
        return None
    return _ridge(matrix[use], annotation[use], _HEAD_ALPHA)


def _stack(matrix: sparse.csr_matrix, heads: list[_Linear | None], target: Floats, on: Mask) -> _Linear:
    """Ridge on terms, shape and the heads' predictions, folded into one linear model of terms and shape."""
    used = [head for head in heads if head is not None]
    columns = np.array([head(matrix) for head in used]).reshape(len(used), matrix.shape[0]).T
    centre, scale = columns[on].mean(axis=0), _HEAD_SCALE / np.maximum(columns[on].std(axis=0), 1e-9)
    joined = sparse.hstack([matrix, (columns - centre) * scale], format="csr")
    line = _ridge(joined[on], target[on], _ALPHA)
    own, shares = np.split(line.weights, [matrix.shape[1]])
    weights, intercept = own, line.intercept - float(shares @ (centre * scale))
    for head, share in zip(used, shares * scale, strict=True):
        weights = weights + share * head.weights
        intercept += float(share) * head.intercept
    return _Linear(weights, intercept)


def _ridge(matrix: sparse.csr_matrix, target: Floats, alpha: float) -> _Linear:
    ridge = Ridge(alpha, solver="lsqr", tol=1e-4).fit(matrix, target)
    return _Linear(ridge.coef_, float(ridge.intercept_))


def _text_model(room: Space, line: _Linear, b: Floats) -> TextModel:
    terms, shape = np.split(line.weights, [len(room.idf)])
    shape = shape * room.scale
    return TextModel(
        terms=dict(zip(room.idf, zip(room.idf.values(), terms.tolist(), strict=True), strict=True)),
        shape=tuple(zip(room.low.tolist(), room.high.tolist(), shape.tolist(), strict=True)),
        intercept=line.intercept - float(shape @ room.mean),
        centre=float(b.mean()),
        residual=_NARROW,
        spread=float(max(b.std(), _NARROW)),
    )
