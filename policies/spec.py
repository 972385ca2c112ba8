"""A spec: a strategy with its budget parameters, written `name:key=value,...`.

greedy    majority:n=8    best_of_n:n=8,select=weighted,aggregate=min    beam:n=16,m=4,stop=0.95
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import Field, fields, is_dataclass, replace
from difflib import get_close_matches
from typing import Any

__all__ = [
    "MAX_N",
    "SpecError",
    "brief",
    "fill",
    "nearest",
    "one_of",
    "parameters_of",
    "share",
    "split",
    "values_of",
    "whole",
]

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


def one_of(name: str, word: object, words: tuple[str, ...]) -> None:
    """Raise SpecError unless `word` is one of `words`."""
    if word not in words:
        raise SpecError(
            f"{name}={brief(str(word))} is not known{nearest(str(word), words)}; known: {', '.join(words)}"
        )


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


def parameters_of(strategy: type[Any]) -> dict[str, tuple[str | None, Field[Any]]]:
    """Every parameter of a strategy by name, with the composed value that it is a part of, if any.

    `best_of_n:first=greedy` sets `first` of the field `sampling`, whose default is itself a dataclass.
    """
    found: dict[str, tuple[str | None, Field[Any]]] = {}
    for field in fields(strategy):
        if is_dataclass(field.default):
            found |= {inner.name: (field.name, inner) for inner in fields(field.default)}
        else:
            found[field.name] = (None, field)
    return found


def fill(strategy: type[Any], given: dict[str, str]) -> Any:
    """The strategy with these parameters, which are still text. Raises SpecError where one is not known, is
    no number though it should be, or is out of range."""
    known = parameters_of(strategy)
    own: dict[str, Any] = {}
    parts: dict[str, dict[str, Any]] = {}
    for key, text in given.items():
        if key not in known:
            takes = ", ".join(known) or "no parameters"
            raise SpecError(
                f"{strategy.name} has no parameter {brief(key)}{nearest(key, tuple(known))}; it takes {takes}"
            )
        part, field = known[key]
        values = own if part is None else parts.setdefault(part, {})
        values[key] = _READ[field.type](key, text)
    defaults: dict[str, Any] = {field.name: field.default for field in fields(strategy)}
    return strategy(**own, **{part: replace(defaults[part], **values) for part, values in parts.items()})


def values_of(strategy: Any) -> dict[str, Any]:
    """The value of every parameter by name, in the order of the fields."""
    return {
        name: getattr(strategy if part is None else getattr(strategy, part), name)
        for name, (part, _) in parameters_of(type(strategy)).items()
    }


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
