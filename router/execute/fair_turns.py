"""Who of one problem's branches spends next: a fixed order, where a budget makes the order matter."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

__all__ = ["Fork", "Turns"]

Branch = tuple[int, ...]
"""Where a branch stands: its place in every fork above it."""


class Turns:
    """Branches take turns in rounds: a round starts once every branch either waits for its turn or has
    ended, and serves those that wait in the order of their places. So what a branch may spend depends on
    the search alone and not on which sibling came back first. One branch is there to begin with.
    """

    def __init__(self) -> None:
        self._busy = 1
        self._waiting: list[tuple[Branch, asyncio.Future[None]]] = []

    async def turn(self, branch: Branch) -> None:
        """Wait for the turn of `branch`. It counts as busy until it asks again or ends."""
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((branch, mine))
        self._rest()
        try:
            await mine
        except asyncio.CancelledError:
            if mine.cancelled():
                self._waiting = [(other, waiter) for other, waiter in self._waiting if waiter is not mine]
                self._busy += 1
            raise

    def fork(self, branches: int) -> Fork:
        """One branch becomes several, of which the last to end becomes the one again."""
        self._busy += branches - 1
        return Fork(self, branches)

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
class Fork:
    """Counts the branches of one fork that have not ended."""

    turns: Turns
    left: int

    def end(self) -> None:
        """One branch has ended."""
        self.left -= 1
        if self.left:
            self.turns._rest()
