"""Texts as arrays of tokens, some at a time: what is the same work for every token is done for all at once.

Capital suffixes name axes: B texts of a block, T tokens of all its texts, each text's followed by `END`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count

import numpy as np
import numpy.typing as npt

from compute_router.difficulty.kinds import COMMANDS, END, kind, size
from compute_router.difficulty.tokens import capped, tokenise, word

__all__ = ["Block", "Codes", "Floats", "Ints", "Mask", "portions", "read"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_CHARS = 1 << 16
"""A block is full with so many characters, so that its arrays stay small whatever the texts."""

_KIND_BITS, _SIZE_BITS = 8, 24


@dataclass(frozen=True, slots=True)
class Block:
    """`chars_B`, `tokens_B`: lengths. Of each token, `row_T`: its text; `kind_T`: a `Kind`; `size_T`: the
    digits of a number, a serial number of a command, characters of others; `word_T`: its word's number."""

    chars_B: Ints
    tokens_B: Ints
    row_T: Ints
    kind_T: Ints
    size_T: Ints
    word_T: Ints

    def __len__(self) -> int:
        return len(self.chars_B)


class Codes(dict[str, int]):
    """Kind, size and word of tokens, packed into one integer. Texts share most of their tokens, so those
    once seen are remembered; `number` gives the number of a word."""

    def __init__(self, number: Callable[[str], int]) -> None:
        self._number = number
        self._serial = count()

    def __missing__(self, token: str) -> int:
        what = kind(token)
        # Only whether two commands are the same is ever asked.
        measure = next(self._serial) % (1 << _SIZE_BITS) if what in COMMANDS else size(token)
        number = self._number(word(token))
        return self.setdefault(token, (number << _SIZE_BITS | measure) << _KIND_BITS | what)


def portions(texts: Iterable[str]) -> Iterator[list[str]]:
    """What is read of the texts, in order, a block's fill at a time."""
    some: list[str] = []
    chars = 0
    for text in map(capped, texts):
        some.append(text)
        chars += len(text) + 1
        if chars > _CHARS:
            yield some
            some, chars = [], 0
    if some:
        yield some


def read(texts: Sequence[str], codes: Codes) -> Block:
    """A block of texts, at least one and each `capped`. Total: no text raises."""
    tokens = [tokenise(text) for text in texts]
    for one in tokens:
        one.append(END)
    lengths = list(map(len, tokens))
    tokens_B = np.array(lengths)
    code_T = np.fromiter(map(codes.__getitem__, chain.from_iterable(tokens)), np.int64, sum(lengths))
    return Block(
        chars_B=np.array([len(text) for text in texts]),
        tokens_B=tokens_B - 1,
        row_T=np.arange(len(texts)).repeat(tokens_B),
        kind_T=code_T & ((1 << _KIND_BITS) - 1),
        size_T=code_T >> _KIND_BITS & ((1 << _SIZE_BITS) - 1),
        word_T=code_T >> (_KIND_BITS + _SIZE_BITS),
    )
