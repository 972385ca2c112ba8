"""One simulated server: iteration-level batching, chunked prefill, a KV pool with a prefix cache.

Identical iterations are taken in one leap; what arrives meanwhile waits for the end of the iteration that
runs, as it would on a real server.
"""

from __future__ import annotations

import asyncio
import heapq
from bisect import bisect_left
from collections import deque
from dataclasses import dataclass, field

from .cost import Card, Limits, Model, Pace, pool_tokens
from .radix import Radix, Segment

__all__ = ["Gpu", "Sequence", "Stats"]


@dataclass(slots=True, eq=False)
class Sequence:
    """A request on its way: read `prefix`, then write `new` tokens that become the segment `name`
    (`new` = 0: prefill only). `cached` and `written` are filled in; `done` resolves with the end."""

    prefix: tuple[Segment, ...]
    new: int
    name: int
    done: asyncio.Future[None]
    context: int = 0
    cached: int = 0
    written: int = 0
    todo: int = 0  # prefill tokens still to compute
    held: int = 0  # leading segments locked in the cache
    private: int = 0  # tokens of the pool set aside beyond those
    first: int = 0  # the iteration that wrote the first token
    wanted: int | None = None  # tokens written when the caller gave it up
    aborted: bool = False


@dataclass(slots=True)
class Stats:
    """Tokens and seconds of one server. `sequence_s` integrates the decoding sequences over time."""

    prompt: int = 0
    cached: int = 0
    computed: int = 0
    generated: int = 0
    unwanted: int = 0
    busy_s: float = 0.0
    sequence_s: float = 0.0
    iterations: int = 0


@dataclass(slots=True)
class _Leap:
    """Iterations under way: `count` of them, the first at `start`; `prefill` maps sequences to chunks."""

    start: float
    count: int
    decoding: int
    kv: int
    prefill: list[tuple[Sequence, int]] = field(default_factory=list)
    timer: asyncio.TimerHandle | None = None


class Gpu:
    """A server of `model` on `card`. First come, first served; a sequence is admitted once the pool holds
    all it will need, so none is ever taken back (kinder than a real server's estimate, to all patterns
    alike)."""

    def __init__(
        self,
        card: Card,
        model: Model,
        limits: Limits,
        *,
        radix: bool = True,
        pool: int | None = None,
        leap: bool = True,
    ) -> None:
        self.pace = Pace(card, model, limits.overhead_s)
        self.limits = limits
        self.pool = pool if pool is not None else pool_tokens(card, model, limits)
        self.stats = Stats()
        self.cache = Radix()
        self._keeps = radix
        self._leaps = leap
        self._waiting: deque[Sequence] = deque()
        self._filling: list[Sequence] = []
        self._ends: list[tuple[int, int, Sequence]] = []
        self._decoding = 0
        self._kv = 0
        self._private = 0
        self._iteration = 0
        self._order = 0
        self._leap: _Leap | None = None
        self._aborts: list[Sequence] = []
        self._begins = False

    def submit(self, prefix: tuple[Segment, ...], new: int = 0, name: int = 0) -> Sequence:
        """Queue a sequence; `done` of what comes back resolves at its end."""
        loop = asyncio.get_running_loop()
        sequence = Sequence(prefix, new, name, loop.create_future())
        sequence.context = sum(tokens for _, tokens in prefix)
        if sequence.context + new > self.pool:
            raise ValueError(f"{sequence.context + new} tokens never fit a pool of {self.pool}")
        self._waiting.append(sequence)
        self._wake()
        return sequence

    def written(self, sequence: Sequence) -> int:
        """Tokens of `sequence` written by now."""
        if not sequence.first or sequence.done.done():
            return sequence.written
        finished = 0
        if self._leap is not None:
            finished = self._completed(self._leap, asyncio.get_running_loop().time())
        return min(sequence.new, self._iteration + finished - sequence.first + 1)

    def give_up(self, sequence: Sequence) -> None:
        """The caller no longer wants it: what is written from now on is waste, until `abort` arrives."""
        if sequence.wanted is None:
            sequence.wanted = self.written(sequence)

    def abort(self, sequence: Sequence) -> None:
        """Stop `sequence` at the end of the iteration that runs."""
        if not sequence.done.done() and not sequence.aborted:
            sequence.aborted = True
            self._aborts.append(sequence)
            self._wake()

    def _wake(self) -> None:
        if self._leap is None:
            if not self._begins:  # a turn later, so that a list of requests starts as one
                self._begins = True
                asyncio.get_running_loop().call_soon(self._begin)
        elif self._leap.count > 1:
            loop = asyncio.get_running_loop()
            self._leap.count = min(self._leap.count, self._completed(self._leap, loop.time()) + 1)
            self._arm(self._leap)

    def _begin(self) -> None:
        self._begins = False
        for sequence in self._aborts:
            self._drop(sequence)
        self._aborts.clear()
        self._admit()
        room = self.limits.chunk
        prefill: list[tuple[Sequence, int]] = []
        for sequence in self._filling:
            chunk = min(sequence.todo, room)
            if not chunk:
                break
            prefill.append((sequence, chunk))
            room -= chunk
        if not prefill and not self._decoding:
            return
        count = 1
        if not prefill and self._leaps:
            while self._ends[0][2].done.done():
                heapq.heappop(self._ends)
            count = self._ends[0][0] - self._iteration
        now = asyncio.get_running_loop().time()
        self._leap = _Leap(now, count, self._decoding, self._kv, prefill)
        self._arm(self._leap)

    def _arm(self, leap: _Leap) -> None:
        if leap.timer is not None:
            leap.timer.cancel()
        end = leap.start + self._time(leap, leap.count)
        leap.timer = asyncio.get_running_loop().call_at(end, self._end)

    def _time(self, leap: _Leap, count: int) -> float:
        if leap.prefill:
            kv = leap.kv + sum(sequence.context - sequence.todo for sequence, _ in leap.prefill)
            return self.pace.iteration(leap.decoding, kv, sum(chunk for _, chunk in leap.prefill))
        return self.pace.decode(leap.decoding, leap.kv, count)

    def _completed(self, leap: _Leap, now: float) -> int:
        """Iterations of `leap` that are over at `now`."""
        if leap.count == 1:
            return 0
        elapsed = now - leap.start + 1e-9
        return bisect_left(range(1, leap.count), True, key=lambda n: self._time(leap, n) > elapsed)

    def _end(self) -> None:
        leap = self._leap
        assert leap is not None
        self._leap = None
        seconds = self._time(leap, leap.count)
        self.stats.busy_s += seconds
        self.stats.sequence_s += seconds * leap.decoding
        self.stats.iterations += leap.count
        self._iteration += leap.count
        self._kv += leap.decoding * leap.count
        self.stats.generated += leap.decoding * leap.count
        while self._ends and self._ends[0][0] <= self._iteration:
            _, _, sequence = heapq.heappop(self._ends)
            if not sequence.done.done():
                self._finish(sequence, sequence.new)
        for sequence, chunk in leap.prefill:
            sequence.todo -= chunk
            self.stats.computed += chunk
            if not sequence.todo:
                self._filling.remove(sequence)
                self._filled(sequence)
        self._begin()

    def _admit(self) -> None:
        room = self.limits.chunk - sum(sequence.todo for sequence in self._filling)
        while self._waiting and room > 0 and self._decoding + len(self._filling) < self.limits.running:
            sequence = self._waiting[0]
            hit = self.cache.match(sequence.prefix) if self._keeps else 0
            cached = sum(tokens for _, tokens in sequence.prefix[:hit])
            need = sequence.context - cached + sequence.new
            self.cache.lock(sequence.prefix[:hit])
            short = self.cache.tokens + self._private + need - self.pool
            if short > 0 and not self.cache.evict(short):
                self.cache.unlock(sequence.prefix[:hit])
                return
            self._waiting.popleft()
            # The last token of a fully cached prefix is computed again: its output is wanted.
            sequence.todo = max(1, sequence.context - cached)
            sequence.cached = sequence.context - sequence.todo
            sequence.held = hit
            sequence.private = need
            self._private += need
            self.stats.prompt += sequence.context
            self.stats.cached += sequence.cached
            room -= sequence.todo
            self._filling.append(sequence)

    def _filled(self, sequence: Sequence) -> None:
        """The prefix is read: it becomes shared, and decoding starts (its first token is already there)."""
        if self._keeps:
            fresh = sequence.prefix[sequence.held :]
            above = sequence.prefix[sequence.held - 1][0] if sequence.held else None
            for segment in fresh:
                self.cache.insert(above, segment)
                above = segment[0]
            self.cache.lock(fresh)
            sequence.held = len(sequence.prefix)
            self._private -= sequence.private - sequence.new
            sequence.private = sequence.new
        if not sequence.new:
            self._finish(sequence, 0)
            return
        self.stats.generated += 1
        sequence.first = self._iteration
        if sequence.new == 1:
            self._finish(sequence, 1)
            return
        self._decoding += 1
        self._kv += sequence.context + 1
        self._order += 1
        heapq.heappush(self._ends, (self._iteration + sequence.new - 1, self._order, sequence))

    def _finish(self, sequence: Sequence, written: int) -> None:
        """At its end, or cut after `written` tokens."""
        if sequence.first and sequence.new > 1:
            self._decoding -= 1
            self._kv -= sequence.context + written
        sequence.written = written
        if sequence.wanted is not None:
            self.stats.unwanted += written - sequence.wanted
        self._private -= sequence.private
        held = sequence.prefix[: sequence.held]
        if self._keeps and written and written == sequence.new:
            self.cache.insert(held[-1][0], (sequence.name, written))
        self.cache.unlock(held)
        sequence.done.set_result(None)

    def _drop(self, sequence: Sequence) -> None:
        """Take an aborted sequence out, wherever it is."""
        if sequence.done.done():
            return
        if sequence in self._filling:
            self._filling.remove(sequence)
            self._finish(sequence, 0)
        elif sequence.first:
            self._finish(sequence, min(sequence.new, self._iteration - sequence.first + 1))
        else:
            self._waiting.remove(sequence)
            sequence.done.set_result(None)
