"""Token ids side by side in memory: what keeps tens of thousands of paths in flight small."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

__all__ = ["packed"]


def packed(ids: Iterable[int]) -> Sequence[int]:
    """`ids` at 4 bytes a token instead of 36. Raises OverflowError where one is no id: below 0, beyond 2^32.

    A table of shared int objects takes 8 bytes, and a cache miss or two for every token.
    """
    return array("I", ids)
