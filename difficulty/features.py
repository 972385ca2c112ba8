"""What the predictor sees of a problem: its tokens, and the shape those tokens have.

Everything is derived from one linear pass of one regular expression over at most `MAX_CHARS`
characters, so no text, however hostile, can make it slow. Numbers become their digit counts
(`27` is the token `<2>`): what makes `27 + 45` hard is its size, not its value.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["HEAD_CHARS", "MAX_CHARS", "SCHEMA", "SHAPE", "Features", "extract"]

SCHEMA = 1
"""Version of the features. A model file fitted on another version is refused."""

MAX_CHARS = 4_000
HEAD_CHARS = 3_000
"""Of a longer text the first `HEAD_CHARS` are read, and the end up to `MAX_CHARS` in all."""

SHAPE = (
    "log_chars",
    "log_words",
    "log_mean_word",
    "log_sentences",
    "questions",
    "log_numbers",
    "max_digits",
    "mean_digits",
    "decimals",
    "percents",
    "currency",
    "log_commands",
    "log_distinct_commands",
    "log_variables",
    "log_operators",
    "equations",
    "powers",
    "nesting",
    "expression",
    "expression_terms",
    "expression_log_terms",
    "expression_digits",
    "expression_work",
    "expression_products",
    "expression_minuses",
    "empty",
)
"""Names of the shape features, in the order of `Features.shape`."""

_TOKEN = re.compile(r"\\[a-zA-Z]+|[a-zA-Z]+|\d+(?:[.,]\d+)*|[^\sa-zA-Z\d]")
_OPERATORS = frozenset("+-*/^=<>×÷·−") | {"\\times", "\\cdot", "\\div", "\\le", "\\ge", "\\frac"}
_PRODUCTS = frozenset("*/×÷·") | {"\\times", "\\cdot", "\\div"}
_LINKS = _PRODUCTS | frozenset("+-−")
_MINUSES = frozenset("-−")
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_EXPRESSION_WORDS = 12
"""A text with more words than this is about more than evaluating one expression."""


@dataclass(frozen=True, slots=True)
class Features:
    """`terms`: word and pair counts of the text. `shape`: one number for each name in `SHAPE`."""

    terms: Counter[str]
    shape: tuple[float, ...]


def extract(text: str) -> Features:
    """Tokenise `text` and measure its shape. Total: no input raises."""
    tokens: list[str] = _TOKEN.findall(_capped(text))
    words = [_word(token) for token in tokens]
    terms = Counter(words)
    terms.update(map(" ".join, pairwise(words)))
    return Features(terms, _shape(text, tokens))


def _capped(text: str) -> str:
    if len(text) <= MAX_CHARS:
        return text
    return f"{text[:HEAD_CHARS]}\n{text[HEAD_CHARS - MAX_CHARS :]}"


def _digits(number: str) -> int:
    return sum(map(str.isdigit, number))


def _word(token: str) -> str:
    return f"<{min(_digits(token), 9)}>" if token[0].isdigit() else token.lower()


def _shape(text: str, tokens: Sequence[str]) -> tuple[float, ...]:
    words = [t for t in tokens if t[0].isalpha()]
    prose = [w for w in words if len(w) > 1]
    numbers = [t for t in tokens if t[0].isdigit()]
    commands = [t for t in tokens if len(t) > 1 and t[0] == "\\"]
    counts = Counter(tokens)
    digits = [_digits(n) for n in numbers]
    sizes, products, minuses = _longest_expression(tokens)
    # The rest of the shape describes prose; these seven describe a bare sum, and are zero in prose.
    bare = len(sizes) > 1 and len(prose) <= _EXPRESSION_WORDS
    n = len(sizes) if bare else 0
    return (
        math.log1p(min(len(text), MAX_CHARS)),
        math.log1p(len(prose)),
        math.log1p(sum(map(len, prose)) / max(1, len(prose))),
        math.log1p(counts["."] + counts["?"] + counts["!"]),
        float(counts["?"]),
        math.log1p(len(numbers)),
        float(max(digits, default=0)),
        sum(digits) / max(1, len(digits)),
        float(sum("." in x for x in numbers)),
        float(counts["%"] + counts["percent"]),
        float("$" in counts and not commands),
        math.log1p(len(commands)),
        math.log1p(len(set(commands))),
        math.log1p(len(words) - len(prose)),
        math.log1p(sum(counts[o] for o in _OPERATORS)),
        float(counts["="]),
        float(counts["^"]),
        float(_depth(tokens)),
        float(bare),
        float(n),
        math.log(n) if n else 0.0,
        sum(sizes) / n if n else 0.0,
        math.log1p(sum(sizes)) if n else 0.0,
        float(products) if n else 0.0,
        float(minuses) if n else 0.0,
        float(not tokens),
    )


def _longest_expression(tokens: Sequence[str]) -> tuple[list[int], int, int]:
    """Digits of each number in the longest run `number operator number ...`; its products and minuses."""
    best: tuple[list[int], int, int] = ([], 0, 0)
    sizes: list[int] = []
    products = minuses = 0
    link = ""
    for token in (*tokens, ""):
        if token[:1].isdigit() and (link or not sizes):
            sizes.append(_digits(token))
            products += link in _PRODUCTS
            minuses += link in _MINUSES
            link = ""
        elif token in _LINKS and sizes and not link:
            link = token
        elif token not in _OPENING and token not in _CLOSING:
            if len(sizes) > len(best[0]):
                best = (sizes, products, minuses)
            sizes, products, minuses, link = ([_digits(token)] if token[:1].isdigit() else []), 0, 0, ""
    return best


def _depth(tokens: Sequence[str]) -> int:
    depth = deepest = 0
    for token in tokens:
        if token in _OPENING:
            depth += 1
            deepest = max(deepest, depth)
        elif token in _CLOSING:
            depth = max(0, depth - 1)
    return min(deepest, 9)
