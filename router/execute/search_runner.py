"""A search as it runs: generators that go on the moment a reply is there.

A task for every subsearch of every fork, gathered, would say the same in fewer words. But making, waking and
ending one costs several times what a future's callback does, and a step waits twice. Here a search that
waits is an object and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, TypeVar

from compute_router.execute.fair_turns import FairTurns, OpenFork
from compute_router.policies import Ask, Fork, Search

__all__ = ["LATER", "Answer", "SearchRunner"]

T = TypeVar("T")

LATER: Final = object()
"""In place of a reply: it will come by `SearchRunner.resume`."""

Answer = Callable[["SearchRunner", Ask], Any]
"""Answers an ask at once, or with LATER."""


class SearchRunner:
    """One generator: the search itself, or one side of a fork in it.

    `end` gets the result of the whole search, or the first exception on the way. `turns` is told of forks.
    """

    __slots__ = (
        "_answer",
        "_end",
        "_index",
        "_left",
        "_open_fork",
        "_parent",
        "_results",
        "_search",
        "_turns",
    )

    def __init__(
        self,
        search: Search[Any],
        answer: Answer,
        end: asyncio.Future[Any],
        turns: FairTurns | None,
        parent: SearchRunner | None = None,
        index: int = 0,
    ) -> None:
        self._search = search
        self._answer = answer
        self._end = end
        self._turns = turns
        self._parent = parent
        self._index = index

    @property
    def place(self) -> tuple[int, ...]:
        """The index in every fork above."""
        return () if self._parent is None else (*self._parent.place, self._index)

    def start(self) -> None:
        """Begin the search; what goes wrong is the business of `end`."""
        self.resume(lambda _: None, None)

    def resume(self, use: Callable[[T], Any], come: T) -> None:
        """Go on with what `use` makes of what has come, LATER again included. Never raises: an exception, of
        `use` or of the search, ends the search."""
        try:
            self._go(use(come))
        except asyncio.CancelledError:
            self._end.cancel()
        except Exception as error:
            if not self._end.done():
                self._end.set_exception(error)

    def _go(self, reply: Any) -> None:
        if self._end.done():
            return
        runner = self
        # A list and no recursion: a search that is answered at once would go as deep as it is long.
        ready: list[tuple[SearchRunner, Any]] = []
        while True:
            if reply is LATER:
                if not ready:
                    return
                runner, reply = ready.pop()
            try:
                ask = runner._search.send(reply)
            except StopIteration as last:
                reply, parent = LATER, runner._parent
                if parent is None:
                    self._end.set_result(last.value)
                elif parent._join(runner._index, last.value):
                    runner, reply = parent, tuple(parent._results)
                continue
            if type(ask) is Fork:
                ready += runner._fork(ask.searches)
                reply = LATER
            else:
                reply = self._answer(runner, ask)

    def _fork(self, searches: tuple[Search[Any], ...]) -> list[tuple[SearchRunner, None]]:
        self._left = len(searches)
        self._results: list[Any] = [None] * self._left
        self._open_fork: OpenFork | None = None if self._turns is None else self._turns.fork(self._left)
        runners: list[tuple[SearchRunner, None]] = [
            (SearchRunner(search, self._answer, self._end, self._turns, self, index), None)
            for index, search in enumerate(searches)
        ]
        runners.reverse()  # the last goes first
        return runners

    def _join(self, index: int, result: Any) -> bool:
        """Take the result of one side; true where it was the last."""
        self._results[index] = result
        self._left -= 1
        if self._open_fork is not None:
            self._open_fork.end()
        return not self._left
