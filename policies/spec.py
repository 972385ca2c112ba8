"""A spec: a strategy with its budget parameters, written `name:key=value,...`.

greedy    majority:n=8    best_of_n:n=8,select=weighted,aggregate=min    beam:n=16,m=4,stop=0.95
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from difflib import get_close_matches
from typing import Any

__all__ = ["MAX_N", "SpecError", "brief", "fill", "nearest", "one_of", "share", "split", "whole"]

MAX_N = 4096
"""The largest budget a spec may ask for; 16 times the paper's largest."""


_WHOLE = re.compile(r"[+-]?[0-9]+")
# What str(float) may print must be readable.
_DECIMAL = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{1,20})?(e-[0-9]{1,3})?")


class SpecError(ValueError):
    """A spec names no known strategy, or a parameter is missing, unknown or out of range."""


def whole(name: str, number: object, low: int, high: int) -> None:
    """Raise SpecError unless `number` is a whole number in [low, high]."""
    if isinstance(number, bool) or not isinstance(number, int):
        raise SpecError(f"{name}={number} is not a whole number")
    if not low <= number <= high:
        raise SpecError(f"{name}={number} is not between {low} and {high}")


def share(name: str, number: object, low: float, high: float) -> None:
    """Raise SpecError unless `number` lies in [low, high)."""
    if isinstance(number, bool) or not isinstance(number, int | float) or not low <= number < high:
        raise SpecError(f"{name}={number} is not a number from {low:g} to below {high:g}")


def one_of(name: str, word: str, words: tuple[str, ...]) -> None:
    """Raise SpecError unless `word` is one of `words`."""
    if word not in words:
        raise SpecError(f"{name}={brief(word)} is not known{nearest(word, words)}; known: {', '.join(words)}")


def brief(text: str) -> str:
    """`text` for a message: a slip may be a megabyte long."""
    return text if len(text) <= 40 else f"{text[:40]}..."


def nearest(word: str, words: tuple[str, ...]) -> str:
    close = get_close_matches(word[:40].lower().replace("-", "_"), words, n=1, cutoff=0.5)
    return f" (did you mean {close[0]}?)" if close else ""


def split(text: str) -> tuple[str, dict[str, str]]:
    """`name:key=value,...` as its name and its parameters, still text.

    Raises SpecError where a parameter has no value or comes twice.
    """
    name, _, rest = text.strip().partition(":")
    parameters: dict[str, str] = {}
    for part in filter(None, (piece.strip() for piece in rest.split(","))):
        key, equals, given = (piece.strip() for piece in part.partition("="))
        if not equals or not key or not given:
            raise SpecError(f"in {brief(text)!r}, {brief(part)!r} is not of the form key=value")
        if key in parameters:
            raise SpecError(f"in {brief(text)!r}, {brief(key)} is given twice")
        parameters[key] = given
    return name.strip(), parameters


def fill(strategy: type[Any], parameters: dict[str, str]) -> dict[str, int | float | str]:
    """The parameters as the types of the strategy's fields; unknown ones raise SpecError."""
    known = {field.name: field.type for field in fields(strategy)}
    values: dict[str, int | float | str] = {}
    for key, given in parameters.items():
        if key not in known:
            takes = ", ".join(known) or "no parameters"
            raise SpecError(
                f"{strategy.name} has no parameter {brief(key)}{nearest(key, tuple(known))}; it takes {takes}"
            )
        values[key] = _READ[known[key]](key, given)
    return values


def _text(key: str, given: str) -> str:
    return given


def _share(key: str, given: str) -> float:
    if not _DECIMAL.fullmatch(given):
        raise SpecError(f"{key}={brief(given)} is not a number")
    return float(given)


def _number(key: str, given: str) -> int:
    # A cap on the digits: int() of a million digits takes long and then prints them.
    if len(given) > 20 or not _WHOLE.fullmatch(given):
        raise SpecError(f"{key}={brief(given)} is not a whole number")
    return int(given)


_READ: dict[object, Callable[[str, str], int | float | str]] = {"int": _number, "float": _share, "str": _text}
