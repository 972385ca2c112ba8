"""The virtual clock: waiting moves it, nothing sleeps, and a deadlock says so."""

import asyncio
import time

import pytest
from virtual.clock import Stuck, run


def test_a_day_takes_no_time() -> None:
    async def main() -> float:
        await asyncio.sleep(86_400)
        return asyncio.get_running_loop().time()

    start = time.monotonic()
    assert run(main()) == pytest.approx(86_400)
    assert time.monotonic() - start < 5


def test_timers_fire_in_their_order_and_at_their_time() -> None:
    async def main() -> list[tuple[float, str]]:
        seen: list[tuple[float, str]] = []

        async def after(seconds: float, name: str) -> None:
            await asyncio.sleep(seconds)
            seen.append((round(asyncio.get_running_loop().time(), 9), name))

        await asyncio.gather(after(0.3, "c"), after(0.1, "a"), after(0.2, "b"))
        return seen

    assert run(main()) == [(0.1, "a"), (0.2, "b"), (0.3, "c")]


def test_timeouts_go_by_the_virtual_clock() -> None:
    async def main() -> None:
        async with asyncio.timeout(10):
            await asyncio.sleep(11)

    with pytest.raises(TimeoutError):
        run(main())


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_waiting_for_nothing_is_an_error_and_not_a_hang() -> None:
    async def main() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(Stuck):
        run(main())
