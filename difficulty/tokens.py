"""Problem texts cut into tokens: words, LaTeX commands, numbers, single marks.

One linear pass of one regular expression over at most `MAX_CHARS` characters, so no text, however
hostile, can make it slow. To the vocabulary numbers are their digit counts (`27` is the word `<2>`):
what makes `27 + 45` hard is its size, not its value.
"""

from __future__ import annotations

import re

__all__ = ["HEAD_CHARS", "MAX_CHARS", "capped", "digits", "tokenise", "word"]

MAX_CHARS = 4_000
HEAD_CHARS = 3_000
"""Of a longer text the first `HEAD_CHARS` are read, and the end up to `MAX_CHARS` in all."""

# Each alternative opens with one character: `[a-z][a-z]*` is turned down faster than `[a-z]+` is.
_TOKEN = re.compile(r"[a-zA-Z][a-zA-Z]*|\d\d*(?:[.,]\d+)*|\\[a-zA-Z]+|\S")


def capped(text: str) -> str:
    """What is read of `text`: all of it, or its head and its tail."""
    if len(text) <= MAX_CHARS:
        return text
    return f"{text[:HEAD_CHARS]}\n{text[HEAD_CHARS - MAX_CHARS :]}"


def tokenise(text: str) -> list[str]:
    """The tokens in order, as they are written; none is empty or holds white space."""
    tokens: list[str] = _TOKEN.findall(text)
    return tokens


def digits(number: str) -> int:
    """Digits in a number token, without its points and commas."""
    return sum(map(str.isdigit, number))


def word(token: str) -> str:
    """The token as the vocabulary spells it: in lower case, a number as `<digits>`, at most `<9>`."""
    return f"<{min(digits(token), 9)}>" if token[0].isdigit() else token.lower()
