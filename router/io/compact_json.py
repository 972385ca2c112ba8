"""JSON for files that are kept under version control: compact, but one thing a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

__all__ = ["compact_json"]

_LINE: Final = 500


def compact_json(value: Any) -> str:
    """A list or dict of more than 500 characters has one line for each item, a shorter one is one line.

    Args:
        value: what `json.dumps` takes.

    Returns:
        The text, with a newline at its end.
    """
    return "\n".join(_lines(value)) + "\n"


def _lines(value: Any, key: str = "", end: str = "") -> Iterator[str]:
    whole = key + json.dumps(value, ensure_ascii=False, separators=(",", ":")) + end
    if len(whole) <= _LINE or not isinstance(value, dict | list):
        yield whole
        return
    named = isinstance(value, dict)
    items = (
        [(f"{json.dumps(name)}:", value[name]) for name in value] if named else [("", one) for one in value]
    )
    yield key + "[{"[named]
    for at, (name, one) in enumerate(items, 1):
        yield from _lines(one, name, "," * (at < len(items)))
    yield "]}"[named] + end
