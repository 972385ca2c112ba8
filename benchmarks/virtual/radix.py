"""A prefix cache over segments: branches occur at step ends only, so a whole step is one node."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Radix", "Segment"]

Segment: TypeAlias = tuple[int, int]
"""(id, tokens); the id stands for the text AND all that precedes it."""


@dataclass(slots=True)
class _Node:
    id: int
    tokens: int
    parent: _Node | None
    children: int = 0
    locks: int = 0
    used: int = 0


class Radix:
    """Least recently used leaves go first; what a running sequence reads is locked, ancestors included."""

    def __init__(self) -> None:
        self.tokens = 0
        self.locked = 0
        self.evicted = 0
        self._nodes: dict[int, _Node] = {}
        self._leaves: list[tuple[int, int]] = []
        self._clock = 0

    def __contains__(self, segment_id: int) -> bool:
        return segment_id in self._nodes

    def match(self, prefix: tuple[Segment, ...]) -> int:
        """How many leading segments of `prefix` are cached."""
        for at, (name, _) in enumerate(prefix):
            if name not in self._nodes:
                return at
        return len(prefix)

    def lock(self, prefix: tuple[Segment, ...]) -> None:
        """Hold cached segments until `unlock`."""
        self._clock += 1
        for name, _ in prefix:
            node = self._nodes[name]
            node.used = self._clock
            if not node.locks:
                self.locked += node.tokens
            node.locks += 1

    def unlock(self, prefix: tuple[Segment, ...]) -> None:
        for name, _ in prefix:
            node = self._nodes[name]
            node.locks -= 1
            if not node.locks:
                self.locked -= node.tokens
        self._offer(self._nodes[prefix[-1][0]] if prefix else None)

    def insert(self, parent_id: int | None, segment: Segment) -> bool:
        """Add a segment below its parent; False where another sequence had brought it in already."""
        name, tokens = segment
        if name in self._nodes:
            return False
        parent = None if parent_id is None else self._nodes[parent_id]
        if parent is not None:
            parent.children += 1
        self._clock += 1
        self._nodes[name] = _Node(name, tokens, parent, used=self._clock)
        self.tokens += tokens
        self._offer(self._nodes[name])
        return True

    def evict(self, tokens: int) -> bool:
        """Free at least `tokens`, if unlocked leaves hold as many; False, and nothing freed, otherwise."""
        if tokens > self.tokens - self.locked:
            return False
        while tokens > 0:
            used, name = heapq.heappop(self._leaves)
            node = self._nodes.get(name)
            if node is None or node.used != used or node.children or node.locks:
                continue
            del self._nodes[name]
            self.tokens -= node.tokens
            self.evicted += node.tokens
            tokens -= node.tokens
            if node.parent is not None:
                node.parent.children -= 1
                self._offer(node.parent)
        return True

    def _offer(self, node: _Node | None) -> None:
        if node is not None and not node.children and not node.locks:
            heapq.heappush(self._leaves, (node.used, node.id))
