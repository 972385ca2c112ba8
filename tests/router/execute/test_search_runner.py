"""A search goes on the moment its replies are there, however they come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compute_router.execute.fair_turns import FairTurns
from compute_router.execute.search_runner import LATER, SearchRunner
from compute_router.policies import Ask, Fork, Group, Limits, Outcome, Search, make
from compute_router.policies.ask import fork, group
from support.drive import SPECS, draw, drive, toy_world

LIMITS = Limits(step_tokens=200, path_tokens=400, steps=4)


def run(search: Search[Any], answer: Callable[[Ask], Any], order: int | None) -> Any:
    """The end of `search`; asks are answered at once, or later in the order that `order` draws."""

    async def main() -> Any:
        end: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        waiting: list[tuple[SearchRunner, Ask]] = []

        def later(runner: SearchRunner, ask: Ask) -> Any:
            if order is None or draw(order, runner.place, len(waiting)) % 4 == 0:
                return answer(ask)
            waiting.append((runner, ask))
            return LATER

        SearchRunner(search, later, end, None).start()
        while waiting:
            runner, ask = waiting.pop(draw(order, len(waiting)) % len(waiting))
            runner.resume(answer, ask)
        assert end.done()
        return end.result()

    return asyncio.run(main())


@pytest.mark.parametrize("spec", SPECS)
@given(order=st.none() | st.integers(0, 99))
def test_it_finds_what_the_search_finds_in_any_order(spec: str, order: int | None) -> None:
    world = toy_world(3)
    found: Outcome = run(make(spec).search(LIMITS), world.reply, order)
    assert found == drive(make(spec).search(LIMITS), world).outcome


def test_places_are_the_indices_of_the_forks() -> None:
    seen: list[tuple[int, ...]] = []

    def leaf() -> Search[int]:
        yield from group(())
        return 1

    def two() -> Search[int]:
        return sum((yield from fork((leaf(), leaf()))))

    def root() -> Search[int]:
        found = yield from fork((leaf(), two()))
        yield from group(())
        return sum(found)

    async def main() -> int:
        end: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def answer(runner: SearchRunner, ask: Ask) -> tuple[()]:
            seen.append(runner.place)
            return ()

        SearchRunner(root(), answer, end, FairTurns()).start()
        return end.result()

    assert asyncio.run(main()) == 3
    assert seen == [(0,), (1, 0), (1, 1), ()]


def test_a_search_that_is_answered_at_once_may_be_longer_than_the_stack() -> None:
    def leaf() -> Search[int]:
        yield Group(())
        return 1

    def root() -> Search[int]:
        total = 0
        for _ in range(5000):
            total += sum((yield Fork((leaf(), leaf()))))
        return total

    assert run(root(), lambda ask: (), None) == 10_000


@pytest.mark.parametrize("where", ["search", "reply"])
def test_an_exception_ends_the_search_and_nothing_is_asked_after_it(where: str) -> None:
    def leaf(i: int) -> Search[int]:
        yield Group((str(i),))
        if where == "search" and i == 1:
            raise KeyError(i)
        yield Group((str(i),))
        return i

    def root() -> Search[Any]:
        return (yield Fork((leaf(0), leaf(1))))

    def use(ask: Ask) -> tuple[()]:
        if where == "reply":
            raise KeyError(ask)
        return ()

    async def main() -> None:
        end: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        asked: list[tuple[SearchRunner, Ask]] = []

        def answer(runner: SearchRunner, ask: Ask) -> Any:
            asked.append((runner, ask))
            return LATER

        SearchRunner(root(), answer, end, None).start()
        first, second = asked
        second[0].resume(use, second[1])
        assert isinstance(end.exception(), KeyError)
        first[0].resume(lambda ask: (), first[1])
        assert len(asked) == 2

    asyncio.run(main())
