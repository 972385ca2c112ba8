"""What a seed repeats on a real server in its deterministic mode (docs/determinism.md has the rest)."""

from __future__ import annotations

import asyncio

from sglang_tests import PROBLEM, Run, ids

from compute_router.engines.base import Engine, Request


async def asks(engine: Engine, temperature: float = 1.0) -> list[Request]:
    prompt_T = await engine.encode(PROBLEM)
    return [Request(prompt_T, (), 100 + i, "end", 60, temperature) for i in range(8)]


def test_alone_a_seed_repeats_and_another_differs(run: Run) -> None:
    async def use(engine: Engine) -> None:
        one, again, other, *_ = await asks(engine)
        again = one
        texts = [ids(await engine.extend(request)) for request in (one, again, other)]
        assert texts[0] == texts[1]
        assert texts[0] != ids(await engine.extend((await asks(engine))[1]))

    run(use)


def test_siblings_with_seeds_of_their_own_differ(run: Run) -> None:
    async def use(engine: Engine) -> None:
        replies = await asyncio.gather(*map(engine.extend, await asks(engine)))
        assert len({ids(reply) for reply in replies}) == len(replies)

    run(use)


def test_greedy_repeats_alone(run: Run) -> None:
    async def use(engine: Engine) -> None:
        requests = await asks(engine, 0.0)
        assert len({ids(await engine.extend(request)) for request in requests[:3]}) == 1

    run(use)
