"""Which subsearch of one problem spends next: a fixed order, where a budget makes the order matter."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

__all__ = ["FairTurns", "OpenFork"]

Place = tuple[int, ...]
"""Where a subsearch stands: its index in every fork above it."""


class FairTurns:
    """Round-robin scheduling. A round starts once every subsearch either waits for its turn or has ended. It
    serves those that wait in the order of their places. So what a subsearch may spend depends on the search
    alone and not on which sibling came back first. There is one subsearch to begin with.
    """

    def __init__(self) -> None:
        self._busy = 1
        self._waiting: list[tuple[Place, asyncio.Future[None]]] = []

    async def turn(self, place: Place) -> None:
        """Wait for the turn of the subsearch at `place`. It counts as busy until it asks again or ends."""
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((place, mine))
        self._rest()
        try:
            await mine
        except asyncio.CancelledError:
            if mine.cancelled():
                self._waiting = [(other, waiter) for other, waiter in self._waiting if waiter is not mine]
                self._busy += 1
            raise

    def fork(self, subsearches: int) -> OpenFork:
        """One subsearch becomes several; the last of them to end becomes the one again."""
        self._busy += subsearches - 1
        return OpenFork(self, subsearches)

    def _rest(self) -> None:
        self._busy -= 1
        if self._busy == 0 and self._waiting:
            round_, self._waiting = sorted(self._waiting, key=lambda one: one[0]), []
            self._busy = len(round_)
            # Not at once: whoever asked last would go on first, as its future would be done before it waits.
            asyncio.get_running_loop().call_soon(_release, [waiter for _, waiter in round_])


def _release(round_: list[asyncio.Future[None]]) -> None:
    for waiter in round_:
        if not waiter.done():
            waiter.set_result(None)


@dataclass(slots=True)
class OpenFork:
    """Counts the subsearches of one fork that have not ended."""

    turns: FairTurns
    left: int

    def end(self) -> None:
        """One subsearch has ended."""
        self.left -= 1
        if self.left:
            self.turns._rest()
