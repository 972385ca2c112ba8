"""The CPU time that a client spends on its requests: one core, one thing after another."""

from __future__ import annotations

import asyncio

__all__ = ["LIST_S", "ROUND_TRIP_S", "SEQUENCE_S", "SYNC_REQUEST_S", "Cpu", "request_s"]

# Measured for this project with aiohttp + orjson: 98-161 us for a request of one sequence (130 in the middle)
# and 15 us a sequence in lists of 16 (240 a list): 122.7 us a request and 7.3 us a sequence fit both.
LIST_S = 122.7e-6
SEQUENCE_S = 7.3e-6

# Measured for this project: one request through the requests library.
SYNC_REQUEST_S = 655e-6

# There and back on one machine, the server's own tokenizer and detokenizer processes included: an
# assumption, the same for every pattern that talks to a server.
ROUND_TRIP_S = 1e-3


def request_s(sequences: int) -> float:
    """CPU time of one request that carries `sequences`."""
    return LIST_S + SEQUENCE_S * sequences


class Cpu:
    """A core that works off what it is given in order."""

    def __init__(self) -> None:
        self.busy_s = 0.0
        self._free_at = 0.0

    async def spend(self, seconds: float) -> None:
        """Returns when the core has done this, after all that came before."""
        now = asyncio.get_running_loop().time()
        self._free_at = max(self._free_at, now) + seconds
        self.busy_s += seconds
        await asyncio.sleep(self._free_at - now)
