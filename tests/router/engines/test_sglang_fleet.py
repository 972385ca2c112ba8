"""Several servers as one engine: a problem stays where it began, load is shared, what fails is left."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack

import pytest

from compute_router.engines.base import Extension, ModelInfo, Request
from compute_router.engines.sglang import Fleet
from compute_router.errors import EngineError, InputError
from compute_router.ledger import Tokens
from support.engine_contract import EngineContract, MakeEngine
from support.kit import jobs, scheduler
from support.sglang_kit import make, until
from support.sglang_mock import SGLangMock, tokenize

LENGTH = len(tokenize("What is 1 + 1?"))


@pytest.fixture
def mocks() -> Iterator[list[SGLangMock]]:
    with ExitStack() as stack:
        yield [stack.enter_context(SGLangMock(token_s=0.001).serving()) for _ in range(3)]


class TestFleet(EngineContract):
    @pytest.fixture
    def make_engine(self) -> Iterator[MakeEngine]:
        with SGLangMock(context=512).serving() as one, SGLangMock(context=600).serving() as other:
            yield lambda: Fleet([make(one, slots=2), make(other, slots=2)])


class Fake:
    """An engine that notes what it is asked, and fails while `broken` says so."""

    slots = 4

    def __init__(self, *, fingerprint: str = "same", broken: Callable[[], bool] = lambda: False) -> None:
        self.model = ModelInfo("Fake-1B", 10**9, 512, fingerprint)
        self.broken = broken
        self.asked: list[Request] = []

    async def __aenter__(self) -> Fake:
        return self

    async def __aexit__(self, *exc: object) -> None:
        return None

    async def encode(self, problem: str, opening: str = "") -> tuple[int, ...]:
        return tuple(tokenize(problem, opening))

    async def read(self, prompt_T: tuple[int, ...]) -> Tokens:
        self._check()
        return Tokens(len(prompt_T))

    async def extend(self, request: Request, cut: object = None) -> Extension:
        self.asked.append(request)
        await asyncio.sleep(0.001)
        self._check()
        return Extension((), "stop", Tokens())

    def _check(self) -> None:
        if self.broken():
            raise EngineError("broken")


def run(engines: Sequence[Fake], use: Callable[[Fleet], Awaitable[None]], **how: Callable[[], float]) -> None:
    async def main() -> None:
        async with Fleet(engines, **how) as fleet:
            await use(fleet)

    asyncio.run(main())


def request(prompt_T: tuple[int, ...]) -> Request:
    return Request(prompt_T, (), 1, "step", 8, 1.0)


def test_all_paths_of_a_problem_go_to_one_server_and_problems_are_spread(mocks: list[SGLangMock]) -> None:
    async def main() -> None:
        fleet = Fleet([make(mock) for mock in mocks])
        async with fleet:
            solver = scheduler(fleet)
            solved = [one async for one in solver.run(jobs("beam:n=4,m=2", 12))]
            assert all(one.error is None for one in solved)
        prompts = [{tuple(ids[:LENGTH]) for ids in mock.read} for mock in mocks]
        assert sum(map(len, prompts)) == len(set.union(*prompts)) == 12
        assert all(2 <= len(seen) <= 6 for seen in prompts)

    asyncio.run(main())


def test_a_new_problem_goes_where_there_is_the_least_to_do() -> None:
    one, other = Fake(), Fake()

    async def use(fleet: Fleet) -> None:
        first = await fleet.encode("a")
        busy = [fleet.extend(request(first)) for _ in range(5)]
        kept = [await fleet.encode("b"), await fleet.encode("c"), await fleet.encode("d")]
        await asyncio.gather(*(fleet.extend(request(prompt_T)) for prompt_T in kept))
        assert (len(one.asked), len(other.asked)) == (5, 3)
        await asyncio.gather(*busy)

    run([one, other], use)


def test_what_a_solution_begins_with_is_read_by_its_server() -> None:
    async def use(fleet: Fleet) -> None:
        assert await fleet.encode("a", "b c") == tuple(tokenize("a", "b c"))

    run([Fake(), Fake()], use)


def test_a_problem_that_is_over_weighs_nothing() -> None:
    one, other = Fake(), Fake()

    async def use(fleet: Fleet) -> None:
        for _ in range(10):  # each is forgotten at once
            await fleet.encode("a")
        gc.collect()
        kept = [await fleet.encode("b"), await fleet.encode("c")]
        await asyncio.gather(*(fleet.extend(request(prompt_T)) for prompt_T in kept))
        assert (len(one.asked), len(other.asked)) == (1, 1)

    run([one, other], use)


def test_a_problem_leaves_the_server_that_fails_it_and_stays_with_the_next() -> None:
    bad, good = Fake(broken=lambda: True), Fake()

    async def use(fleet: Fleet) -> None:
        prompt_T = await fleet.encode("a")
        with pytest.raises(EngineError):
            await fleet.extend(request(prompt_T))
        for _ in range(3):
            await fleet.extend(request(prompt_T))
        assert (len(bad.asked), len(good.asked)) == (1, 3)

    run([bad, good], use)


def test_a_server_that_goes_on_failing_gets_no_new_problems_until_it_has_rested() -> None:
    now = 0.0
    bad, good = Fake(broken=lambda: now < 10), Fake()

    async def use(fleet: Fleet) -> None:
        nonlocal now

        async def solve() -> None:
            prompt_T = await fleet.encode("a")
            for _ in range(2):
                try:
                    await fleet.extend(request(prompt_T))
                    return
                except EngineError:
                    continue

        for _ in range(20):
            await solve()
        assert len(bad.asked) == 3
        now = 1.5
        await solve()
        assert len(bad.asked) == 4  # one trial, which fails
        now = 2.5
        await solve()
        assert len(bad.asked) == 4  # the rest has doubled
        now = 20.0
        await solve()
        await solve()
        assert len(bad.asked) == 6

    run([bad, good], use, clock=lambda: now)


def test_a_sole_server_is_never_left_out() -> None:
    down = True
    sole = Fake(broken=lambda: down)

    async def use(fleet: Fleet) -> None:
        nonlocal down
        prompt_T = await fleet.encode("a")
        for _ in range(10):
            with pytest.raises(EngineError):
                await fleet.extend(request(prompt_T))
        down = False
        assert (await fleet.extend(request(prompt_T))).finish == "stop"

    run([sole], use)


def test_a_server_that_dies_in_mid_run_costs_no_problem(mocks: list[SGLangMock]) -> None:
    async def main() -> None:
        fleet = Fleet([make(mock) for mock in mocks])
        async with fleet:
            mocks[0].answers.extend([(500, b"gone")] * 10_000)
            solved = [one async for one in scheduler(fleet).run(jobs("majority:n=4", 10))]
            assert [one.error for one in solved] == [None] * 10
            assert len(mocks[0].calls) <= 12
            await until(lambda: all(mock.live == 0 for mock in mocks))

    asyncio.run(main())


def test_servers_of_different_models_are_refused() -> None:
    with pytest.raises(InputError, match="do not serve the same model: same and other"):
        Fleet([Fake(), Fake(fingerprint="other")])
