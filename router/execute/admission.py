"""How busy the engine is, and whether another problem should start."""

from __future__ import annotations

import asyncio

__all__ = ["Admission", "Admitted"]

HEADROOM = 0.25
"""Paths kept waiting beyond the engine's slots, so that a free slot never waits for the client."""


class Admission:
    """Counts the paths in flight of all problems, at the engine or at the PRM.

    Those at the PRM count as well: were a backlog there taken for free slots, problem after problem would
    start, and their prefixes would drive one another out of its cache.

    A problem is worth starting while there is room for it: one that has not asked yet is expected to become
    as wide as the others have been on average. The first starts alone, as nothing is known yet.
    """

    def __init__(self, slots: int) -> None:
        self._target = slots + max(1, int(slots * HEADROOM))
        self._in_flight = 0
        self._not_asked = 0
        self._have_asked = 0
        self._widths = 0
        self.changed = asyncio.Event()
        """Set whenever there may be room again."""

    @property
    def has_room(self) -> bool:
        width = self._widths / self._have_asked if self._have_asked else self._target
        return self._in_flight + self._not_asked * width < self._target

    def admit(self) -> Admitted:
        """A problem starts."""
        self._not_asked += 1
        return Admitted(self)


class Admitted:
    """One problem's share of the paths in flight."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._out = 0
        self._width = 0

    def ask(self) -> None:
        """A path is in flight."""
        admission = self._admission
        self._out += 1
        admission._in_flight += 1
        if self._out > self._width:
            self._width = self._out
            admission._widths += 1
            if self._width == 1:
                admission._not_asked -= 1
                admission._have_asked += 1
                admission.changed.set()

    def reply(self) -> None:
        """A path is no longer in flight."""
        admission = self._admission
        self._out -= 1
        admission._in_flight -= 1
        if admission._in_flight < admission._target:
            admission.changed.set()

    def end(self) -> None:
        """The problem has ended."""
        if not self._width:
            self._admission._not_asked -= 1
        self._admission.changed.set()
