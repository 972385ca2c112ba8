"""What kind of token it is: all that the shape of a text knows of its tokens, but for their sizes."""

from __future__ import annotations

from enum import IntEnum, auto

import numpy as np
import numpy.typing as npt

from compute_router.difficulty.tokens import digits

__all__ = ["COMMANDS", "END", "NUMBERS", "WORDS", "Kind", "kind", "mask", "size"]

END = "\n"
"""Follows the last token of every text, and keeps it apart from the next. No token is white space, no term
holds the end of a line."""


class Kind(IntEnum):
    """One letter is a variable, more are a word; a decimal is a number with a point."""

    END = 0
    WORD = auto()
    PERCENT_WORD = auto()
    VARIABLE = auto()
    NUMBER = auto()
    DECIMAL = auto()
    COMMAND = auto()
    OPERATOR_COMMAND = auto()
    PRODUCT_COMMAND = auto()
    PRODUCT = auto()
    PLUS = auto()
    MINUS = auto()
    EQUALS = auto()
    POWER = auto()
    COMPARISON = auto()
    OPENING = auto()
    CLOSING = auto()
    POINT = auto()
    QUESTION = auto()
    EXCLAMATION = auto()
    PERCENT = auto()
    DOLLAR = auto()
    OTHER = auto()


WORDS = (Kind.WORD, Kind.PERCENT_WORD)
NUMBERS = (Kind.NUMBER, Kind.DECIMAL)
COMMANDS = (Kind.COMMAND, Kind.OPERATOR_COMMAND, Kind.PRODUCT_COMMAND)

_SPECIAL = {
    END: Kind.END,
    "percent": Kind.PERCENT_WORD,
    **dict.fromkeys(("\\le", "\\ge", "\\frac"), Kind.OPERATOR_COMMAND),
    **dict.fromkeys(("\\times", "\\cdot", "\\div"), Kind.PRODUCT_COMMAND),
    **dict.fromkeys("*/×÷·", Kind.PRODUCT),
    "+": Kind.PLUS,
    **dict.fromkeys("-−", Kind.MINUS),
    "=": Kind.EQUALS,
    "^": Kind.POWER,
    **dict.fromkeys("<>", Kind.COMPARISON),
    **dict.fromkeys("([{", Kind.OPENING),
    **dict.fromkeys(")]}", Kind.CLOSING),
    ".": Kind.POINT,
    "?": Kind.QUESTION,
    "!": Kind.EXCLAMATION,
    "%": Kind.PERCENT,
    "$": Kind.DOLLAR,
}


def kind(token: str) -> Kind:
    """The kind of a token or of `END`."""
    if token in _SPECIAL:
        return _SPECIAL[token]
    if token.isalpha():
        return Kind.WORD if len(token) > 1 else Kind.VARIABLE
    if token[0].isdigit():
        return Kind.DECIMAL if "." in token else Kind.NUMBER
    return Kind.COMMAND if len(token) > 1 else Kind.OTHER


def size(token: str) -> int:
    """The digits of a number, the characters of any other token."""
    return digits(token) if token[0].isdigit() else len(token)


def mask(*kinds: Kind) -> npt.NDArray[np.bool_]:
    """A table to look kinds up in: whether each is one of `kinds`."""
    table = np.zeros(len(Kind), dtype=np.bool_)
    table[list(kinds)] = True
    return table
