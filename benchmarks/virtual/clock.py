"""An event loop whose clock is virtual: waiting takes no time, it only moves the clock."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

__all__ = ["Stuck", "VirtualLoop", "run"]

T = TypeVar("T")


class Stuck(RuntimeError):
    """Every task waits and no timer is set: in virtual time nothing can ever happen again."""


class _Selector(selectors.BaseSelector):
    """Knows only the loop's own wake-up pipe, which nothing here uses."""

    def __init__(self) -> None:
        self.now = 0.0
        self._real = selectors.DefaultSelector()

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Stuck("every task waits and no timer is set")
        self.now += max(0.0, timeout)
        return []

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()


class VirtualLoop(asyncio.SelectorEventLoop):
    """`time()` starts at 0 s and jumps to the next timer; threads and sockets have no place in it."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now


def run(main: Coroutine[Any, Any, T]) -> T:
    """`main` to its end in virtual time. Raises Stuck where nothing could happen any more."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
