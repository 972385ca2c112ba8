"""Token ids as shared objects: what keeps tens of thousands of paths in flight small."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

__all__ = ["shared"]

LARGEST = 300_000
"""Above every vocabulary in use; larger ids are kept as they are."""


def shared(ids: Iterable[int]) -> tuple[int, ...]:
    """`ids` as a tuple of objects that all paths share: 8 bytes a token instead of 36."""
    table = _table()
    try:
        return tuple(map(table.__getitem__, ids))
    except IndexError:
        return tuple(ids)


@cache
def _table() -> list[int]:
    return list(range(LARGEST))
