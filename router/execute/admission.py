"""How busy the engine is, and whether another problem should start."""

from __future__ import annotations

import asyncio

__all__ = ["Load", "Share"]

HEADROOM = 0.25
"""Paths kept waiting beyond the engine's slots, so that a free slot never waits for the client."""


class Load:
    """Counts the paths in flight of all problems, at the engine or at the PRM.

    Those at the PRM count as well: were a backlog there taken for free slots, problem after problem would
    start, and their prefixes would drive one another out of its cache.

    A problem is worth starting while there is room for it: one that has not asked yet is expected to become
    as wide as the others have been on average. The first starts alone, as nothing is known yet.
    """

    def __init__(self, slots: int) -> None:
        self._target = slots + max(1, int(slots * HEADROOM))
        self._asked = 0
        self._silent = 0
        self._spoken = 0
        self._widths = 0
        self.changed = asyncio.Event()
        """Set whenever there may be room again."""

    @property
    def has_room(self) -> bool:
        width = self._widths / self._spoken if self._spoken else self._target
        return self._asked + self._silent * width < self._target

    def share(self) -> Share:
        """A problem starts."""
        self._silent += 1
        return Share(self)


class Share:
    """One problem's part of the load."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._out = 0
        self._width = 0

    def ask(self) -> None:
        """A path is in flight."""
        load = self._load
        self._out += 1
        load._asked += 1
        if self._out > self._width:
            self._width = self._out
            load._widths += 1
            if self._width == 1:
                load._silent -= 1
                load._spoken += 1
                load.changed.set()

    def reply(self) -> None:
        """A path is no longer in flight."""
        load = self._load
        self._out -= 1
        load._asked -= 1
        if load._asked < load._target:
            load.changed.set()

    def end(self) -> None:
        """The problem has ended."""
        if not self._width:
            self._load._silent -= 1
        self._load.changed.set()
