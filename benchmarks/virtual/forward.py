"""A PRM without a server: padded batches through a plain forward pass, one after another."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from .cost import Pace

__all__ = ["Forward"]


class Forward:
    """Encodes every text anew, padded to the longest of its batch. Its launches are charged like a
    server's iteration, which is kind: eager PyTorch launches each kernel from Python."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self.busy_s = 0.0
        self.computed = 0
        self._turn = asyncio.Lock()

    async def run(self, lengths: Sequence[int], batch: int) -> None:
        """Encode texts of these lengths in batches of `batch`; waits for its turn."""
        async with self._turn:
            for at in range(0, len(lengths), batch):
                part = lengths[at : at + batch]
                padded = len(part) * max(part)
                self.computed += padded
                seconds = self.pace.iteration(0, 0, padded)
                self.busy_s += seconds
                await asyncio.sleep(seconds)
