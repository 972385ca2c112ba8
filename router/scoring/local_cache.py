"""Keys and values of paths that were scored, so that the next step is all that is left to read."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from compute_router.scoring.families.base import Layout

__all__ = ["Known", "PrefixCache"]


@dataclass(frozen=True, slots=True)
class Known:
    """`tokens` ids were read and gave `scores_S`; `kv_L` holds for each layer keys and values, each a tensor
    [heads, tokens, width]."""

    tokens: int
    scores_S: tuple[float, ...]
    kv_L: tuple[tuple[Any, Any], ...]

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(each.nbytes for pair in self.kv_L for each in pair)


class PrefixCache:
    """Up to `capacity` bytes of them, by their ids; what was used longest ago goes first."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._size = 0
        self._known: OrderedDict[tuple[int, ...], Known] = OrderedDict()

    def longest(self, layout: Layout) -> Known | None:
        """Of the most of the path's steps."""
        for step in reversed(range(len(layout.at_S))):
            known = self._known.get(ids_T := layout.until(step))
            if known is not None:
                self._known.move_to_end(ids_T)
                return known
        return None

    def keep(self, layout: Layout, known: Known) -> None:
        if known.size > self._capacity:
            return
        before = self._known.pop(layout.ids_T, None)
        self._size += known.size - (before.size if before else 0)
        self._known[layout.ids_T] = known
        while self._size > self._capacity:
            _, dropped = self._known.popitem(last=False)
            self._size -= dropped.size
