"""Short names of strategies, for people: `greedy`, `vote-6`, `best-of-8+backtrack`.

    name          strategy                              name       strategy
    greedy        greedy                                beam-16    beam:n=16,m=4
    vote-8        majority:n=8                          beam-8x2   beam:n=8,m=2
    best-of-8     best_of_n:n=8,select=max              dvts-16    dvts:n=16,m=4
    weighted-8    best_of_n:n=8,select=weighted         mcts-16    mcts:n=16,m=4

`+` adds an option: `+greedy` (first=greedy), `+backtrack` (2 times), `+prune` (below 0.1), `+stop` (at 0.8),
`+accept` (from 0.7), `+early` (these last three together), and `+key=value` any other one. Every strategy has
exactly one short name, and `make` reads it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from .spec import SpecError, brief, nearest, parameters_of, split, values_of

__all__ = ["BASES", "arm_name", "read_arm_name"]

BASES: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "vote": ("majority", {}),
    "best-of": ("best_of_n", {"select": "max"}),
    "weighted": ("best_of_n", {"select": "weighted"}),
}
"""A short word, the strategy that it stands for, and what it fixes."""

_OPTIONS: Final[dict[str, dict[str, str]]] = {
    "greedy": {"first": "greedy"},
    "backtrack": {"backtrack": "2"},
    "early": {"prune": "0.1", "stop": "0.8", "accept": "0.7"},
    "prune": {"prune": "0.1"},
    "stop": {"stop": "0.8"},
    "accept": {"accept": "0.7"},
}
"""What an option says without a value. The first that fits is used: larger sets stand before their parts."""

_SIZES = ("n", "m")
_BASE = re.compile(r"([a-z][a-z_-]*?)(?:-([0-9]{1,20})(?:x([0-9]{1,20}))?)?")


def arm_name(strategy: Any) -> str:
    """The short name of a strategy of this package, which `make` reads.

    >>> from compute_router.policies import make
    >>> arm_name(make("best_of_n:n=8,backtrack=2"))
    'best-of-8+backtrack'
    """
    parameters = parameters_of(type(strategy))
    values = {key: str(value) for key, value in values_of(strategy).items()}
    base, fixed = strategy.name.replace("_", "-"), dict[str, str]()
    for word, (name, fixes) in BASES.items():
        if name == strategy.name and fixes.items() <= values.items():
            base, fixed = word, fixes
    defaults = {key: str(field.default) for key, (_, field) in parameters.items()} | fixed
    left = {key: value for key, value in values.items() if value != defaults[key]}
    if "n" in values:
        base += f"-{values['n']}"
        left.pop("n", None)
        if "m" in left:
            base += f"x{left.pop('m')}"
    options = []
    for option, sets in _OPTIONS.items():
        if sets.items() <= left.items():
            options.append(option)
            left = {key: value for key, value in left.items() if key not in sets}
    return "+".join([base, *options, *(f"{key}={value}" for key, value in left.items())])


def read_arm_name(text: str, strategies: Mapping[str, type[Any]]) -> tuple[str, dict[str, str]] | None:
    """A short name as the name of a strategy and its parameters, still text; None where it is none.

    Raises SpecError: an option is not known, or sets what is set already.
    """
    first, *options = (piece.strip() for piece in text.strip().split("+"))
    found = _BASE.fullmatch(first)
    if found is None:
        return None
    word, *sizes = found.groups()
    name, fixes = BASES.get(word, (word.replace("-", "_"), {}))
    if name not in strategies:
        return None
    takes = parameters_of(strategies[name])
    parameters = dict(fixes)
    for key, size in zip(_SIZES, sizes, strict=True):
        if size is not None:
            _set(parameters, key, size, text)
    for option in options:
        if not option or option.endswith("="):
            raise SpecError(f"in {brief(text)!r}, something is missing after +{brief(option)}")
        sets = split(f":{option}")[1] if "=" in option else _OPTIONS.get(option)
        if sets is None or not sets.keys() <= takes.keys():
            known = (
                *(one for one, keys in _OPTIONS.items() if keys.keys() <= takes.keys()),
                *(key for key in takes if key not in _SIZES),
            )
            raise SpecError(
                f"in {brief(text)!r}, the option {brief(option)} is not known"
                f"{nearest(option.partition('=')[0], known)}; known: {', '.join(dict.fromkeys(known))}"
            )
        for key, value in sets.items():
            _set(parameters, key, value, text)
    return name, parameters


def _set(parameters: dict[str, str], key: str, value: str, text: str) -> None:
    if key in parameters:
        raise SpecError(f"in {brief(text)!r}, {key} is given twice")
    parameters[key] = value
