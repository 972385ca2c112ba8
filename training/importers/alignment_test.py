"""Do a log's completions belong to its questions? Told from the texts alone.

A solution speaks of the numbers and the rare words of its question. For completion c and question q let
s(q, c) be the share of q's words (weighted by their rarity in the completions) that c contains, measured for
every q against the mean and the spread over all completions. r(c) is the share of the file's other questions
that c fits worse than its own. If completions were dealt out at random, r(c) would be uniform, whichever way
they were dealt (all, or within batches): P(r < 0.8) = 0.8. In whole logs it is rarely below 0.99, so the
share of c with r < 0.8, divided by 0.8, is about the share that belongs elsewhere. A file is refused where
this is more than TOLERATED: a binomial test, one unit a question, at LEVEL.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from scipy.stats import binom

from compute_router.training.difficulty.corpus import identity
from compute_router.training.importers.log_row import LogRow

__all__ = ["Fit", "fit"]

Floats = npt.NDArray[np.float64]

TOLERATED, LEVEL = 0.125, 1e-3
_FEW = 10
"""Questions below which nothing can be said."""
_MOST_QUESTIONS, _MOST_EACH = 1200, 4
_BELOW = 0.8
_RARE, _SPOKEN, _CHARS = 0.2, 3, 40
"""A word is rare in at most this share of the completions; a completion that is tested holds so many rare
words of any question, and so many characters."""
_WORD = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Fit:
    """`questions` that could be tested, the `share` of completions that seem to belong elsewhere, and the
    chance of so many under the tolerated share. `misaligned` is the verdict."""

    questions: int
    share: float
    chance: float

    @property
    def tested(self) -> bool:
        return self.questions >= _FEW

    @property
    def misaligned(self) -> bool:
        return self.tested and self.chance < LEVEL


def fit(rows: Sequence[LogRow]) -> Fit:
    """The worst arm of the file: each arm of each policy model is tested apart, at a level divided by their
    number."""
    groups: dict[tuple[str | None, str], list[LogRow]] = defaultdict(list)
    for row in rows:
        if row.problem is not None:
            groups[row.policy_model, row.arm].append(row)
    fits = [found for some in groups.values() if (found := _fit(some)).tested]
    if not fits:
        return Fit(0, 0.0, 1.0)
    worst = min(fits, key=lambda found: found.chance)
    return Fit(sum(found.questions for found in fits), worst.share, min(1.0, worst.chance * len(fits)))


def _fit(rows: Sequence[LogRow]) -> Fit:
    of_question: dict[str, list[str]] = defaultdict(list)
    text_of: dict[str, str] = {}
    for row in rows:
        assert row.problem is not None
        name = identity(row.problem)
        text_of.setdefault(name, row.problem)
        texts = [path.text for path in row.paths] if row.paths else [row.text]
        of_question[name] += [text for text in texts if text is not None and len(text) >= _CHARS]
    names = _spread([name for name, texts in of_question.items() if texts], _MOST_QUESTIONS)
    if len(names) < _FEW:
        return Fit(0, 0.0, 1.0)
    texts_U = [(q, text) for q, name in enumerate(names) for text in _spread(of_question[name], _MOST_EACH)]
    own_U = np.array([q for q, _ in texts_U])
    r_U = _ranks([text_of[name] for name in names], [text for _, text in texts_U], own_U)
    told_U = ~np.isnan(r_U)
    if not told_U.any():
        return Fit(0, 0.0, 1.0)
    asked = np.bincount(own_U[told_U], minlength=len(names))
    poor = np.bincount(own_U[told_U], weights=r_U[told_U] < _BELOW, minlength=len(names))
    share_Q = poor[asked > 0] / asked[asked > 0]
    chance = float(binom.sf(np.floor(share_Q.sum()) - 1, len(share_Q), TOLERATED * _BELOW))
    return Fit(len(share_Q), min(1.0, float(share_Q.mean()) / _BELOW), chance)


def _ranks(questions: list[str], texts: list[str], own_U: npt.NDArray[np.int64]) -> Floats:
    """(U,): r of every text, NaN where it says too little to tell."""
    words_Q, words_U = [_words(text) for text in questions], [_words(text) for text in texts]
    spoken = Counter(word for words in words_U for word in words)
    vocabulary = {word: i for i, word in enumerate(sorted(set().union(*words_Q)))}
    seen = np.array([spoken[word] for word in vocabulary], dtype=np.float64)
    weight = np.maximum(0.0, np.log((len(texts) + 1) / (seen + 0.5)))
    has_UV = _matrix(words_U, vocabulary)
    asks_QV = _matrix(words_Q, vocabulary).multiply(weight[None, :]).tocsr()
    total_Q = np.maximum(np.asarray(asks_QV.sum(axis=1)).ravel(), 1e-9)
    share_UQ = (has_UV @ asks_QV.T).toarray() / total_Q
    # 0.02: a question whose words hardly any completion has must not rule the ranking.
    z_UQ = (share_UQ - share_UQ.mean(axis=0)) / (share_UQ.std(axis=0) + 0.02)
    own = z_UQ[np.arange(len(texts)), own_U][:, None]
    r_U: Floats = ((z_UQ < own).sum(axis=1) + ((z_UQ == own).sum(axis=1) - 1) / 2) / (len(questions) - 1)
    rare = (seen <= max(3, _RARE * len(texts))).astype(np.float64)
    r_U[(has_UV @ rare) < _SPOKEN] = np.nan
    return r_U


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.lower()))


def _matrix(words_N: list[frozenset[str]], vocabulary: dict[str, int]) -> csr_matrix:
    cells = [(i, vocabulary[word]) for i, words in enumerate(words_N) for word in words if word in vocabulary]
    rows, columns = zip(*cells, strict=True) if cells else ((), ())
    return csr_matrix((np.ones(len(cells)), (rows, columns)), shape=(len(words_N), len(vocabulary)))


def _spread(items: Sequence[str], most: int) -> list[str]:
    """At most `most` of them, evenly."""
    if len(items) <= most:
        return list(items)
    return [items[i * len(items) // most] for i in range(most)]
