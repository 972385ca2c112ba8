"""Slots are given out in the order asked, never more than there are, and none is lost."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from compute_router.engines.embedded.slots import Slots


def test_nobody_overtakes_a_group_that_waits() -> None:
    async def scenario() -> list[str]:
        slots, started = Slots(4), list[str]()

        async def take(name: str, n: int) -> None:
            await slots.take(n)
            started.append(name)

        await take("first", 3)
        tasks = [asyncio.create_task(take(name, n)) for name, n in (("group", 4), ("single", 1))]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert started == ["first"]
        slots.give_back(3)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert started == ["first", "group"]
        slots.give_back(4)
        await asyncio.gather(*tasks)
        return started

    assert asyncio.run(scenario()) == ["first", "group", "single"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 4), st.booleans(), st.integers(0, 3)), max_size=20))
def test_no_slot_is_lost_or_given_twice(asks: list[tuple[int, bool, int]]) -> None:
    """Whoever is cancelled, before or after it was served, leaves the slots whole."""

    async def scenario() -> None:
        slots, held = Slots(4), 0

        async def use(n: int, turns: int) -> None:
            nonlocal held
            await slots.take(n)
            try:
                held += n
                assert held <= 4
                for _ in range(turns):
                    await asyncio.sleep(0)
            finally:
                held -= n
                slots.give_back(n)

        tasks = []
        for n, doomed, turns in asks:
            task = asyncio.create_task(use(n, turns))
            tasks.append(task)
            await asyncio.sleep(0)
            if doomed:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert all(task.cancelled() or task.exception() is None for task in tasks)
        async with asyncio.timeout(1):
            await slots.take(4)

    asyncio.run(scenario())
