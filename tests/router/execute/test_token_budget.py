"""A budget that is never exceeded, whose grants do not depend on who finishes first."""

from __future__ import annotations

import asyncio
from itertools import accumulate
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute_router.execute.token_budget import TokenBudget

ASKS = st.lists(st.tuples(st.integers(0, 30), st.floats(0, 1)), max_size=12)


def granted(budget: int | None, asks: list[tuple[int, float]], order: int) -> list[int]:
    """What each (wish, share that is used) was granted, where holders finish in the order that `order`
    seeds. Fails on a deadlock and on tokens set aside beyond the budget."""
    random = Random(order)
    tokens = TokenBudget(budget)
    grants = [-1] * len(asks)
    holders: list[tuple[int, int]] = []
    spent = 0

    async def ask(at: int, wish: int) -> None:
        grants[at] = await tokens.take(wish)
        holders.append((at, grants[at]))

    async def main() -> None:
        nonlocal spent
        tasks = [asyncio.create_task(ask(at, wish)) for at, (wish, _) in enumerate(asks)]
        while any(not task.done() for task in tasks) or holders:
            for _ in range(3):
                await asyncio.sleep(0)
            assert holders, "every ask waits and nobody holds anything"
            if budget is not None:
                assert spent + sum(grant for _, grant in holders) <= budget
            at, grant = holders.pop(random.randrange(len(holders)))
            used = int(grant * asks[at][1])
            spent += used
            tokens.settle(grant, used)

    asyncio.run(main())
    return grants


@given(st.integers(0, 100), ASKS, st.integers(0, 1000))
@settings(max_examples=100, deadline=None)
def test_grants_follow_from_what_was_used_before_and_not_from_when(
    budget: int, asks: list[tuple[int, float]], order: int
) -> None:
    grants = granted(budget, asks, order)
    used = [int(grant * share) for grant, (_, share) in zip(grants, asks, strict=True)]
    before = list(accumulate(used, initial=0))
    assert before[-1] <= budget
    assert grants == [min(wish, budget - spent) for (wish, _), spent in zip(asks, before, strict=False)]


@given(ASKS, st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_without_a_budget_every_wish_is_granted(asks: list[tuple[int, float]], order: int) -> None:
    assert granted(None, asks, order) == [wish for wish, _ in asks]


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_a_cancelled_ask_leaks_nothing(data: st.DataObject) -> None:
    budget = data.draw(st.integers(1, 40))
    wishes = data.draw(st.lists(st.integers(0, 30), min_size=1, max_size=8))
    doomed = data.draw(st.sets(st.integers(0, len(wishes) - 1)))
    late = data.draw(st.booleans())  # cancelled in the very turn in which the grant came, or while it waits

    async def main() -> None:
        tokens = TokenBudget(budget)

        async def ask(wish: int) -> None:
            grant = await tokens.take(wish)
            try:
                await asyncio.sleep(0)
            finally:
                tokens.settle(grant, 0)

        tasks = [asyncio.create_task(ask(wish)) for wish in wishes]
        for _ in range(data.draw(st.integers(0, 4))):
            await asyncio.sleep(0)
        for at in sorted(doomed):
            tasks[at].cancel()
            if late:
                await asyncio.sleep(0)
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 10)
        assert await asyncio.wait_for(tokens.take(budget), 10) == budget

    asyncio.run(main())


def test_a_grant_that_comes_as_its_ask_is_cancelled_goes_to_the_next() -> None:
    async def main() -> None:
        tokens = TokenBudget(10)
        assert await tokens.take(10) == 10
        waiter = asyncio.create_task(tokens.take(6))
        following = asyncio.create_task(tokens.take(10))
        await asyncio.sleep(0)
        tokens.settle(10, 0)  # grants the waiter in this turn; it is cancelled before it can run
        waiter.cancel()
        assert await asyncio.wait_for(following, 10) == 10

    asyncio.run(main())


def test_an_overdraft_is_nobodys_grant() -> None:
    async def main() -> None:
        tokens = TokenBudget(10)
        grant = await tokens.take(8)
        tokens.settle(grant, 15)  # an engine that wrote more than it was asked for
        assert await tokens.take(5) == 0

    asyncio.run(main())


@pytest.mark.parametrize("budget", [None, 100])
def test_a_closed_budget_grants_nothing_whatever_comes_back(budget: int | None) -> None:
    async def main() -> None:
        tokens = TokenBudget(budget)
        assert await tokens.take(10) == 10
        tokens.close()
        tokens.settle(10, 3)
        assert await asyncio.wait_for(tokens.take(50), 10) == 0

    asyncio.run(main())
