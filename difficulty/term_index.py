"""The terms that a text model has weights for, compiled for look-up."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from compute_router.difficulty.block import Block, Floats, Ints
from compute_router.difficulty.tokens import MAX_CHARS

__all__ = ["Vocabulary", "term_weight"]


def term_weight(count: int, idf: float) -> float:
    """TF-IDF with damped counts, before the text is normed to length 1."""
    return (1 + math.log(count)) * idf


_DAMPED = np.array([0.0, *(term_weight(count, 1.0) for count in range(1, MAX_CHARS + 1))])


class Vocabulary:
    """`terms` maps a word, or two words joined by a blank, to (idf, weight).

    Words are numbered from 1, unknown ones share the last number. The key of a word is its number, that of
    a pair has a digit for each of its words, in base `last + 1`: so one sorted array holds all terms.
    """

    def __init__(self, terms: Mapping[str, tuple[float, float]]) -> None:
        pairs = [term.partition(" ") for term in terms]
        words = dict.fromkeys(word for first, _, second in pairs for word in (first, second))
        self._numbers = {word: number for number, word in enumerate(words, 1)}
        self._unknown = len(words) + 1
        first, second = (
            np.array([self._numbers[pair[at]] for pair in pairs], dtype=np.int64) for at in (0, 2)
        )
        single = np.array([not blank for _, blank, _ in pairs], dtype=np.bool_)
        keys = np.where(single, first, self._pair(first, second))
        order = np.argsort(keys)
        # The last entry is no term's: every search ends inside the arrays.
        self._keys = np.append(keys[order], np.iinfo(np.int64).max)
        idf, weight = np.array([*terms.values(), (0.0, 0.0)]).T
        self._idf, self._weight = np.append(idf[order], 0.0), np.append(weight[order], 0.0)
        self._is_term = np.zeros(self._unknown + 1, dtype=np.bool_)
        self._is_term[first[single]] = True

    def number(self, word: str) -> int:
        """Of a word of a text."""
        return self._numbers.get(word, self._unknown)

    def weigh(self, block: Block) -> tuple[Floats, Floats]:
        """(B,): the TF-IDF of the terms, normed to length 1, times their weights. (B,): the share of the
        words, counted as often as they occur, that are terms."""
        size, bits = len(block), len(block).bit_length()
        pair_T = self._pair(block.word_T[:-1], block.word_T[1:])
        # Sorted by key, then by text. The sums below run in this order, whatever texts share the block.
        terms = np.concatenate((block.word_T << bits | block.row_T, pair_T << bits | block.row_T[:-1]))
        terms, counts = _counted(terms)
        keys = terms >> bits
        at = self._keys.searchsorted(keys)
        known = (self._keys[at] == keys).nonzero()[0]
        at, rows = at[known], terms[known] & ((1 << bits) - 1)
        weights = _DAMPED[counts[known]] * self._idf[at]
        dot = np.bincount(rows, weights * self._weight[at], size)
        norm = np.sqrt(np.bincount(rows, weights * weights, size))
        words = np.bincount(block.row_T, self._is_term[block.word_T], size)
        return dot / np.where(norm > 0, norm, 1.0), words / np.maximum(block.tokens_B, 1)

    def _pair(self, first: Ints, second: Ints) -> Ints:
        return first * (self._unknown + 1) + second


def _counted(values: Ints) -> tuple[Ints, Ints]:
    """The distinct `values`, of which there is one at least, sorted, and how often each occurs. What
    numpy.unique does, at a third of its fixed cost, which a single text would feel."""
    values.sort()
    edges = np.concatenate(((True,), values[1:] != values[:-1], (True,))).nonzero()[0]
    return values[edges[:-1]], edges[1:] - edges[:-1]
