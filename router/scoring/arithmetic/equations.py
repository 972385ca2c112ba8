"""The calculations that a text states, and whether they are right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from compute_router.scoring.arithmetic.expression import Operand, Value, evaluate
from compute_router.scoring.arithmetic.plain import lines

__all__ = ["Equation", "equations"]

_TOKEN = re.compile(
    r"(?P<number>\d+(?:\.\d+)?(?!\d*(?:st|nd|rd|th)\b))|(?P<sign>[-+*/()%])|(?P<word>[^\W\d_]{2,})|(?P<other>\S)"
)
_BREAK = re.compile(r"[;:,?!<>]|\.(?!\d)|==")
_DECIMALS = re.compile(r"\d+(?:\.(\d+))?")
_PER = re.compile(r"(?<=[^\W\d_])/(?=[^\W\d_])")
"""Of units: gallons/minute."""
_UNITS = frozenset(("kg", "km", "cm", "mm", "ml", "mg", "lb", "oz", "ft", "in", "hr", "am", "pm", "mi"))
_WORDS, _VARIABLE = "", "x"
"""What breaks an expression: text around it, or something unknown in it."""


@dataclass(frozen=True, slots=True)
class Equation:
    """One calculation: `operands` on its left, at least two, what they come to (`value`), and the `result` it
    states. `is_right` is None where the result is the value, rounded to a whole number."""

    operands: tuple[Operand, ...]
    value: Fraction
    result: Fraction
    is_right: bool | None


def equations(text: str) -> Iterator[Equation]:
    """In their order. "a = b = c" is two. What has variables in it is none; words after numbers are units."""
    for line in lines(text):
        for part in _BREAK.split(line):
            sides = part.split("=")
            if len(sides) > 1:
                yield from _chain([_tokens(side) for side in sides], sides)


def _chain(tokens: list[list[str]], texts: list[str]) -> Iterator[Equation]:
    for at in range(len(tokens) - 1):
        left = _ending(tokens[at])
        right = _beginning(tokens[at + 1])
        if left is None or right is None or len(left.operands) < 2:
            continue
        # "5 + 3 = 8 + 2 = 10" goes on from its first result, wrongly written and rightly meant.
        first = right.operands[0].number
        result = first if left.number == first else right.number
        yield Equation(left.operands, left.number, result, _agree(left.number, result, texts[at + 1]))


def _tokens(side: str) -> list[str]:
    """Numbers and signs; a word after a number is its unit and left out, any other breaks an expression, and
    so does a variable."""
    found: list[str] = []
    side = _PER.sub(" ", side)
    unit = False
    for match in _TOKEN.finditer(side):
        if match.lastgroup == "number":
            if found and _is_value(found[-1]):
                found.append(_WORDS)  # "20 and 6"
            found.append(match.group())
        elif match.lastgroup == "sign":
            if match.group() == "(" and unit:
                found.append(_WORDS)  # "Face 4 has (2/6)": only 5(3) is a product
            # "total - 3": a sign between a word and a space takes away from something unnamed.
            spaced = side[match.end() : match.end() + 1] in (" ", "")
            if spaced and found[-1:] == [_WORDS] and match.group() in "+-*/":
                found.append(_VARIABLE)
            found.append(match.group())
        elif match.lastgroup == "other" or _is_product(side, match):
            found.append(_VARIABLE)
        elif not found or not (_is_value(found[-1]) or found[-1] == _WORDS):
            found.append(_WORDS)
        unit = match.lastgroup == "word" and _is_value(found[-1])
    return found


def _is_product(side: str, word: re.Match[str]) -> bool:
    """3ab, but not 3km."""
    attached = side[word.start() - 1 : word.start()].isdecimal()
    return attached and len(word.group()) < 3 and word.group().lower() not in _UNITS


def _is_value(token: str) -> bool:
    return token[:1].isdecimal() or token in (")", "%")


def _beginning(tokens: list[str]) -> Value | None:
    """The expression that a right side begins with, up to its end or to words."""
    value = evaluate(tokens)
    if value is None or tokens[value.tokens : value.tokens + 1] not in ([], [_WORDS]):
        return None
    return value


def _ending(tokens: list[str]) -> Value | None:
    """The longest expression that a left side ends with, from a word, or its start, on."""
    for at in range(len(tokens)):
        if at == 0 or tokens[at - 1] == _WORDS:
            value = evaluate(tokens[at:])
            if value is not None and at + value.tokens == len(tokens):
                return value
    return None


def _agree(left: Fraction, right: Fraction, text: str) -> bool | None:
    if left == right:
        return True
    stated = _DECIMALS.search(text)
    decimals = len(stated.group(1) or "") if stated else 0
    # One unit of the last place: some round, some cut off.
    if abs(left - right) >= Fraction(1, 10**decimals):
        return False
    return True if decimals else None
