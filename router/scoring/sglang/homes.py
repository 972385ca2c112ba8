"""Which server a problem lives at: all its paths go to one, whose cache then holds what they share."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from compute_router.engines.ids import packed

__all__ = ["Homes"]

S = TypeVar("S")

MOST = 4096
"""Problems remembered: more than are searched at once."""
REST_S = 30.0
"""How long a server that failed gets no new problems."""


class Homes(Generic[S]):
    """Problems spread evenly over `servers`; what of each its server has read."""

    def __init__(self, servers: list[S], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._servers = servers
        self._clock = clock
        self._problems = [0] * len(servers)
        self._rests_until = [0.0] * len(servers)
        self._home: OrderedDict[str, int] = OrderedDict()
        self._read: dict[str, Sequence[int]] = {}
        self._first: dict[int, Sequence[int]] = {}

    def of(self, problem: str) -> S:
        """Its server: the one with the fewest problems when it first came."""
        at = self._home.get(problem)
        if at is None:
            now = self._clock()
            at = min(
                range(len(self._servers)), key=lambda i: (self._rests_until[i] > now, self._problems[i], i)
            )
            self._home[problem] = at
            self._problems[at] += 1
            if len(self._home) > MOST:
                self._leave(next(iter(self._home)))
        else:
            self._home.move_to_end(problem)
        return self._servers[at]

    def has_read(self, problem: str) -> bool:
        """True where its server has read the problem."""
        return problem in self._read

    def known(self, problem: str) -> Sequence[int]:
        """Ids that its server has read: of the problem, or else of the first problem of all, which may begin
        as this one does."""
        found = self._read.get(problem)
        return found if found is not None else self._first.get(self._home.get(problem, -1), ())

    def read(self, problem: str, ids_T: Sequence[int]) -> None:
        """Its server has read `ids_T`."""
        if problem in self._home and problem not in self._read:
            found = self._read[problem] = packed(ids_T)
            self._first.setdefault(self._home[problem], found)

    def failed(self, problem: str) -> None:
        """Its server failed: the problem moves on, and the server rests."""
        at = self._home.get(problem)
        if at is not None:
            self._rests_until[at] = self._clock() + REST_S
            self._first.pop(at, None)
            self._leave(problem)

    def _leave(self, problem: str) -> None:
        self._problems[self._home.pop(problem)] -= 1
        self._read.pop(problem, None)
