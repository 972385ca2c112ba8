"""Subsearches take turns in the order of their places, whoever comes back first."""

from __future__ import annotations

import asyncio
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute_router.execute.fair_turns import FairTurns


def served(shape: list[int], order: int) -> list[tuple[int, ...]]:
    """The order in which subsearches are served: a fork of `len(shape)` subsearches, of which number i asks
    shape[i] times and then forks into two that ask once each, with random delays."""
    log: list[tuple[int, ...]] = []
    random = Random(order)

    async def ask(turns: FairTurns, place: tuple[int, ...]) -> None:
        for _ in range(random.randrange(4)):
            await asyncio.sleep(0)
        await turns.turn(place)
        log.append(place)
        for _ in range(random.randrange(4)):
            await asyncio.sleep(0)

    async def subsearch(turns: FairTurns, place: tuple[int, ...], asks: int, *, forks: bool) -> None:
        for _ in range(asks):
            await ask(turns, place)
        if forks:
            await fork(turns, place, [1, 1], forks=False)
            await ask(turns, place)

    async def fork(turns: FairTurns, place: tuple[int, ...], asks: list[int], *, forks: bool) -> None:
        held = turns.fork(len(asks))

        async def one(i: int) -> None:
            try:
                await subsearch(turns, (*place, i), asks[i], forks=forks)
            finally:
                held.end()

        await asyncio.gather(*map(one, range(len(asks))))

    async def main() -> None:
        turns = FairTurns()
        await asyncio.wait_for(fork(turns, (), shape, forks=True), 10)
        await asyncio.wait_for(ask(turns, ()), 10)  # the one subsearch again

    asyncio.run(main())
    return log


@given(shape=st.lists(st.integers(0, 3), min_size=1, max_size=5), order=st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_delays_change_no_order(shape: list[int], order: int) -> None:
    assert served(shape, order) == served(shape, order + 1)


def test_a_round_is_served_by_place() -> None:
    log = served([1, 1, 1], 0)
    assert log[:3] == [(0,), (1,), (2,)]
    assert log[-1] == ()


def test_who_stops_waiting_holds_up_nobody() -> None:
    async def main() -> None:
        turns = FairTurns()
        held = turns.fork(2)
        waiting = asyncio.create_task(turns.turn((0,)))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        held.end()
        await asyncio.wait_for(turns.turn((1,)), 10)

    asyncio.run(main())
