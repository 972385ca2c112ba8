"""Samples that share a prefix become one request, and stay samples of their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute_router.engines.base import Cut, Extension, Request
from compute_router.engines.embedded.siblings import Siblings
from compute_router.errors import EngineError
from compute_router.ledger import Tokens
from compute_router.policies import Step
from support.kit import assert_no_task_is_left

PREFIX = Request((1, 2), (), 0, "end", 10, 0.7)


def asked(seed: int) -> Request:
    return replace(PREFIX, seed=seed)


class Sampler:
    """Sample i of a request says its seed; `gate` holds back the samples named in `held`."""

    def __init__(self, *held: int) -> None:
        self.calls: list[tuple[int, int]] = []
        self.closed: list[int] = []
        self.gate = asyncio.Event()
        self._held = set(held)

    async def __call__(
        self, first: Request, n: int, cut: Cut | None = None
    ) -> AsyncIterator[tuple[int, Extension]]:
        self.calls.append((first.seed, n))
        try:
            for i in sorted(range(n), key=lambda i: (first.seed + i in self._held, -i)):
                if first.seed + i in self._held:
                    await self.gate.wait()
                await asyncio.sleep(0)
                yield i, Extension((Step(str(first.seed + i)),), "stop", Tokens(generated=1))
        finally:
            self.closed.append(first.seed)


def said(reply: Extension) -> int:
    return int(reply.steps_S[0].text)


async def ask_all(siblings: Siblings, seeds: list[int]) -> list[int]:
    return [said(reply) for reply in await asyncio.gather(*(siblings.extend(asked(seed)) for seed in seeds))]


@given(st.lists(st.integers(0, 30), max_size=16), st.integers(1, 6))
@settings(max_examples=50, deadline=None)
def test_everyone_gets_the_sample_of_its_own_seed(seeds: list[int], most: int) -> None:
    async def main() -> None:
        sampler = Sampler()
        siblings = Siblings(sampler, most=most, slots=64)
        assert await ask_all(siblings, seeds) == seeds
        requested = [first + i for first, n in sampler.calls for i in range(n)]
        assert sorted(requested) == sorted(seeds)
        assert all(n <= most for _, n in sampler.calls)
        await siblings.close()
        await assert_no_task_is_left()

    asyncio.run(main())


def test_consecutive_seeds_are_one_request_and_others_are_not() -> None:
    async def main() -> None:
        sampler = Sampler()
        await ask_all(Siblings(sampler, most=16, slots=64), [7, 5, 6, 20, 9, 10])
        assert sorted(sampler.calls) == [(5, 3), (9, 2), (20, 1)]

    asyncio.run(main())


def test_a_group_has_no_more_members_than_the_engine_slots() -> None:
    async def main() -> None:
        sampler = Sampler()
        await ask_all(Siblings(sampler, most=4, slots=64), list(range(10)))
        assert sorted(sampler.calls) == [(0, 4), (4, 4), (8, 2)]

    asyncio.run(main())


@pytest.mark.parametrize(
    "other",
    [
        replace(PREFIX, seed=1, path_T=(3,)),
        replace(PREFIX, seed=1, prompt_T=(1,)),
        replace(PREFIX, seed=1, until="step"),
        replace(PREFIX, seed=1, max_tokens=9),
        replace(PREFIX, seed=1, temperature=0.0),
    ],
)
def test_requests_that_differ_in_more_than_the_seed_are_no_siblings(other: Request) -> None:
    async def main() -> None:
        sampler = Sampler()
        siblings = Siblings(sampler, most=16, slots=64)
        await asyncio.gather(siblings.extend(asked(0)), siblings.extend(other))
        assert sorted(sampler.calls) == [(0, 1), (1, 1)]

    asyncio.run(main())


def test_a_sample_is_handed_back_the_moment_it_ends() -> None:
    async def main() -> None:
        sampler = Sampler(1)
        siblings = Siblings(sampler, most=16, slots=64)
        tasks = [asyncio.create_task(siblings.extend(asked(seed))) for seed in range(3)]
        assert said(await asyncio.wait_for(tasks[0], 10)) == 0
        assert said(await asyncio.wait_for(tasks[2], 10)) == 2
        assert not tasks[1].done()
        sampler.gate.set()
        assert said(await tasks[1]) == 1

    asyncio.run(main())


@pytest.mark.parametrize("before_it_is_sent", [True, False])
def test_a_cancelled_member_disturbs_no_other(before_it_is_sent: bool) -> None:
    async def main() -> None:
        sampler = Sampler(0, 1, 2)
        siblings = Siblings(sampler, most=16, slots=64)
        tasks = [asyncio.create_task(siblings.extend(asked(seed))) for seed in range(3)]
        await asyncio.sleep(0 if before_it_is_sent else 0.01)
        tasks[1].cancel()
        await asyncio.sleep(0.01)
        assert sampler.closed == []
        sampler.gate.set()
        assert [said(reply) for reply in await asyncio.gather(tasks[0], tasks[2])] == [0, 2]

    asyncio.run(main())


def test_once_every_member_is_cancelled_the_request_is_closed() -> None:
    async def main() -> None:
        sampler = Sampler(*range(3), 10)
        siblings = Siblings(sampler, most=16, slots=64)
        tasks = [asyncio.create_task(siblings.extend(asked(seed))) for seed in (0, 1, 2, 10)]
        await asyncio.sleep(0.01)
        for task in tasks[:2]:
            task.cancel()
        await asyncio.sleep(0.01)
        assert sampler.closed == []
        tasks[2].cancel()
        await asyncio.sleep(0.01)
        assert sampler.closed == [0]  # and the other group goes on
        sampler.gate.set()
        assert said(await tasks[3]) == 10

    asyncio.run(main())


def test_the_last_to_be_cancelled_may_wait_beside_finished_ones() -> None:
    async def main() -> None:
        sampler = Sampler(2)
        siblings = Siblings(sampler, most=16, slots=64)
        tasks = [asyncio.create_task(siblings.extend(asked(seed))) for seed in range(3)]
        await asyncio.gather(*tasks[:2])
        tasks[2].cancel()
        await asyncio.sleep(0.01)
        assert sampler.closed == [0]

    asyncio.run(main())


def test_an_error_reaches_every_member_that_still_waits() -> None:
    async def sample(first: Request, n: int, cut: Cut | None) -> AsyncIterator[tuple[int, Extension]]:
        yield 0, Extension((Step("0"),), "stop", Tokens())
        raise EngineError("gone")

    async def main() -> None:
        siblings = Siblings(sample, most=16, slots=64)
        replies = await asyncio.gather(*(siblings.extend(asked(i)) for i in range(3)), return_exceptions=True)
        assert isinstance(replies[0], Extension)
        assert [str(reply) for reply in replies[1:]] == ["gone", "gone"]
        assert all(isinstance(reply, EngineError) for reply in replies[1:])

    asyncio.run(main())


def test_a_stream_that_ends_early_is_an_error_that_may_be_tried_again() -> None:
    async def sample(first: Request, n: int, cut: Cut | None) -> AsyncIterator[tuple[int, Extension]]:
        yield 1, Extension((Step("1"),), "stop", Tokens())

    async def main() -> None:
        siblings = Siblings(sample, most=16, slots=64)
        replies = await asyncio.gather(*(siblings.extend(asked(i)) for i in range(2)), return_exceptions=True)
        assert isinstance(replies[0], EngineError)
        assert replies[0].retryable
        assert isinstance(replies[1], Extension)

    asyncio.run(main())


def test_closing_leaves_nobody_waiting() -> None:
    async def main() -> None:
        sampler = Sampler(0)
        siblings = Siblings(sampler, most=16, slots=64)
        sent = asyncio.create_task(siblings.extend(asked(0)))
        await asyncio.sleep(0.01)
        unsent = asyncio.create_task(siblings.extend(asked(5)))
        await asyncio.sleep(0)
        await siblings.close()
        replies = await asyncio.wait_for(asyncio.gather(sent, unsent, return_exceptions=True), 10)
        assert [str(reply) for reply in replies] == ["the engine was closed"] * 2
        assert sampler.closed == [0]
        await assert_no_task_is_left()

    asyncio.run(main())
