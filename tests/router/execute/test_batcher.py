"""Single asks become batches; what happens to one ask stays with it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from compute_router.errors import ScorerError
from compute_router.execute.batcher import MAX_BATCH, Batcher
from support.kit import assert_no_task_is_left


class Doubler:
    """Doubles numbers; keeps its batches; `gate` holds the answers back."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.at_once = 0
        self.cancelled = 0
        self.gate = asyncio.Event()

    async def __call__(self, batch: Sequence[int]) -> list[int]:
        self.at_once += 1
        assert self.at_once == 1, "two batches at once"
        self.batches.append(list(batch))
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.at_once -= 1
        return [2 * number for number in batch]


def test_asks_gather_while_a_batch_is_out() -> None:
    async def main() -> None:
        doubler = Doubler()
        batcher = Batcher(doubler)
        n = 2 * MAX_BATCH + 5
        first = asyncio.ensure_future(batcher.ask(-1))
        await asyncio.sleep(0.001)
        rest = [asyncio.ensure_future(batcher.ask(i)) for i in range(n)]
        await asyncio.sleep(0.001)
        assert doubler.batches == [[-1]]
        doubler.gate.set()
        assert await asyncio.gather(first, *rest) == [-2, *(2 * i for i in range(n))]
        assert [len(batch) for batch in doubler.batches] == [1, MAX_BATCH, MAX_BATCH, 5]
        assert [i for batch in doubler.batches[1:] for i in batch] == list(range(n))
        await assert_no_task_is_left()

    asyncio.run(main())


def test_a_cancelled_ask_disturbs_no_other() -> None:
    async def main() -> None:
        doubler = Doubler()
        batcher = Batcher(doubler)
        out = [asyncio.ensure_future(batcher.ask(i)) for i in range(3)]
        await asyncio.sleep(0.001)
        waiting = [asyncio.ensure_future(batcher.ask(i)) for i in range(10, 13)]
        await asyncio.sleep(0)
        out[1].cancel()
        waiting[1].cancel()
        await asyncio.sleep(0)
        doubler.gate.set()
        assert list(await asyncio.gather(out[0], out[2], waiting[0], waiting[2])) == [0, 4, 20, 24]
        assert doubler.batches == [[0, 1, 2], [10, 12]]

    asyncio.run(main())


def test_once_nobody_wants_it_the_batch_is_cancelled() -> None:
    async def main() -> None:
        doubler = Doubler()
        batcher = Batcher(doubler)
        tasks = [asyncio.ensure_future(batcher.ask(i)) for i in range(3)]
        await asyncio.sleep(0.001)
        for task in tasks:
            task.cancel()
        await batcher.rest()
        assert doubler.cancelled == 1
        await assert_no_task_is_left()
        doubler.gate.set()
        assert await asyncio.wait_for(batcher.ask(4), 10) == 8  # and it still serves

    asyncio.run(main())


def test_an_error_reaches_its_batch_and_no_further() -> None:
    async def answer(batch: Sequence[int]) -> list[int]:
        await asyncio.sleep(0)
        if -1 in batch:
            raise ScorerError("no")
        return list(batch)

    async def main() -> None:
        batcher = Batcher(answer)
        with pytest.raises(ScorerError, match="no"):
            await batcher.ask(-1)
        assert await batcher.ask(3) == 3

    asyncio.run(main())


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_wrong_number_of_replies_is_an_error_and_never_a_mixup(count: int) -> None:
    async def answer(batch: Sequence[int]) -> list[int]:
        return [7] * count

    async def main() -> None:
        batcher = Batcher(answer)
        replies = await asyncio.gather(batcher.ask(1), batcher.ask(2), return_exceptions=True)
        assert all(isinstance(reply, ScorerError) for reply in replies)
        assert f"{count} of 2" in str(replies[0])

    asyncio.run(main())


def test_the_longest_go_first_and_nobody_starves() -> None:
    async def main() -> None:
        doubler = Doubler()
        batcher = Batcher(doubler, length=lambda ask: ask)
        first = asyncio.ensure_future(batcher.ask(0))
        await asyncio.sleep(0.001)
        asks = [1, *range(2, 3 * MAX_BATCH)]
        rest = [asyncio.ensure_future(batcher.ask(i)) for i in asks]
        await asyncio.sleep(0.001)
        doubler.gate.set()
        assert await asyncio.gather(first, *rest) == [0, *(2 * i for i in asks)]
        longest = list(range(3 * MAX_BATCH - 1, 2 * MAX_BATCH, -1))
        assert sorted(doubler.batches[1]) == sorted([1, *longest])
        assert sorted(i for batch in doubler.batches[1:] for i in batch) == asks
        assert max(map(len, doubler.batches)) == MAX_BATCH

    asyncio.run(main())


def test_an_error_in_a_batch_is_its_own_asks_alone() -> None:
    async def answer(batch: Sequence[int]) -> list[int | ScorerError]:
        return [ScorerError("odd") if ask % 2 else ask for ask in batch]

    async def main() -> list[int]:
        batcher: Batcher[int, int] = Batcher(answer)
        asks = [batcher.ask(ask) for ask in range(4)]
        await asyncio.wait(asks)
        for odd in asks[1::2]:
            with pytest.raises(ScorerError, match="odd"):
                odd.result()
        return [even.result() for even in asks[::2]]

    assert asyncio.run(main()) == [0, 2]
