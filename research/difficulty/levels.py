"""MATH's levels from text, as five classes: how much of a problem's difficulty its words show at all.

Measured, not shipped: what ships is one line through the difficulties of measured answers (regression.py),
to which levels are an auxiliary head. Here two linear models of the classes are averaged: ridge on their
indicators, and multinomial logistic regression. They read single words, pairs and triples, the shape and,
where one is given, a sentence encoder's vector.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression, Ridge

from compute_router.difficulty.features import Features, extract
from compute_router.difficulty.tokens import capped, tokenise, word
from compute_router.training.difficulty.corpus import Floats, Ints
from compute_router.training.difficulty.metrics import auroc, spearman
from compute_router.training.difficulty.terms import counted, space

__all__ = ["LEVELS", "figures", "level_probabilities"]

LEVELS = 5
_MIN_TEXTS = 3
_ALPHA, _C = 3.0, 2.0


def level_probabilities(
    texts: Sequence[str],
    levels: Ints,
    others: Sequence[str],
    vectors: tuple[Floats, Floats] | None = None,
) -> Floats:
    """(others, 5): learned from `texts` and their `levels` (1 to 5, each of which occurs) alone. `vectors`:
    the encoder's, of the texts and of the others."""
    counts = counted(_features([*texts, *others]))
    rows, rest = np.arange(len(texts)), np.arange(len(texts), len(counts.shape))
    room = space(counts, rows, min_texts=_MIN_TEXTS)
    seen, new = room.matrix(counts, rows), room.matrix(counts, rest)
    if vectors is not None:
        centre = vectors[0].mean(axis=0)
        seen = sparse.hstack([seen, vectors[0] - centre], format="csr")
        new = sparse.hstack([new, vectors[1] - centre], format="csr")
    ridge = Ridge(_ALPHA, solver="sparse_cg", tol=1e-3).fit(seen, np.eye(LEVELS)[levels - 1])
    logistic = LogisticRegression(C=_C, max_iter=1000, tol=1e-3).fit(seen, levels)
    both = np.clip(ridge.predict(new), 0, 1) + logistic.predict_proba(new)
    total: Floats = both / both.sum(axis=1, keepdims=True)
    return total


def figures(given: Floats, levels: Ints) -> tuple[float, float, float]:
    """Spearman of the expected level, AUC of level >= 4, share of levels hit exactly."""
    expected = given @ np.arange(1, LEVELS + 1)
    exact = float((given.argmax(axis=1) + 1 == levels).mean())
    return spearman(expected, levels.astype(float)), auroc(given[:, 3:].sum(axis=1), levels >= 4), exact


def _features(texts: Sequence[str]) -> list[Features]:
    """Whether a word, a pair, a triple occurs; and the shape."""
    found = []
    for text, one in zip(texts, extract(texts), strict=True):
        words = list(map(word, tokenise(capped(text))))
        triples = map(" ".join, zip(words, words[1:], words[2:], strict=False))
        found.append(Features(Counter({*one.terms, *triples}), one.shape))
    return found
