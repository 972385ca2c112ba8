"""The SGLang engine keeps the engines' contract, cuts, and says who it talks to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from compute_router.engines.base import Cut
from compute_router.engines.sglang import SGLangEngine, identify
from compute_router.errors import ContextOverflow, EngineError
from support.engine_contract import EngineContract, MakeEngine
from support.sglang_kit import ask, make, until
from support.sglang_mock import SGLangMock

TOKEN_S = 0.005


@pytest.fixture
def mock() -> Iterator[SGLangMock]:
    with SGLangMock(token_s=TOKEN_S).serving() as served:
        yield served


class TestSGLangEngine(EngineContract):
    @pytest.fixture
    def make_engine(self) -> Iterator[MakeEngine]:
        with SGLangMock(context=512).serving() as mock:
            yield lambda: make(mock, slots=4)


class TestSGLangEngineWithoutLogprobs:
    def test_a_step_has_none_and_a_path_to_its_end_is_cut_into_steps(self, mock: SGLangMock) -> None:
        async def main() -> None:
            async with make(mock, logprobs=False) as engine:
                step = await engine.extend(ask(until="step"))
                assert step.finish == "open"
                assert step.steps_S[0].logprobs_T == ()
                whole = await engine.extend(ask(until="end", max_tokens=200))
                assert whole.finish == "stop"
                assert [one.text.endswith("\n\n") for one in whole.steps_S] == [True] * 4 + [False]

        asyncio.run(main())


@pytest.mark.parametrize("end", ["step", "end"])
def test_a_cut_brings_back_what_is_there_billed_and_frees_the_server(end: str) -> None:
    async def main(mock: SGLangMock) -> None:
        async with make(mock) as engine:
            cut: Cut = asyncio.get_running_loop().create_future()
            asks = [ask(seed=seed, until=end, max_tokens=3000) for seed in range(3)]
            tasks = [asyncio.ensure_future(engine.extend(one, cut)) for one in asks]
            await until(lambda: mock.live == 3)
            await asyncio.sleep(3 * TOKEN_S)
            cut.set_result(None)
            for one, reply in zip(asks, await asyncio.gather(*tasks), strict=True):
                written = sum(len(step.tokens_T) for step in reply.steps_S)
                assert reply.finish == "cut"
                assert 0 < reply.usage.generated == written < 400
                assert reply.usage.prompt == len(one.prompt_T)
            assert len(mock.aborted) == 3
            assert mock.live == 0

    with SGLangMock(token_s=TOKEN_S, step_tokens=600).serving() as mock:
        asyncio.run(main(mock))


def test_a_cut_before_the_call_sends_nothing(mock: SGLangMock) -> None:
    async def main() -> None:
        async with make(mock) as engine:
            early: Cut = asyncio.get_running_loop().create_future()
            early.set_result(None)
            late: Cut = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_soon(late.set_result, None)  # still in the window
            replies = await asyncio.gather(engine.extend(ask(), early), engine.extend(ask(), late))
            assert [(reply.finish, reply.steps_S, reply.usage.computed) for reply in replies] == [
                ("cut", (), 0)
            ] * 2
        assert mock.calls == []

    asyncio.run(main())


def test_a_cut_reaches_requests_that_wait_at_the_server() -> None:
    async def main(mock: SGLangMock) -> None:
        async with make(mock) as engine:
            cut: Cut = asyncio.get_running_loop().create_future()
            first = asyncio.ensure_future(engine.extend(ask(seed=1)))
            second = asyncio.ensure_future(engine.extend(ask(seed=2), cut))
            await until(lambda: mock.live == 2)
            cut.set_result(None)
            cut_off = await second
            assert not first.done()
            assert (cut_off.finish, cut_off.steps_S, cut_off.usage.computed) == ("cut", (), 0)
            assert (await first).finish == "stop"

    with SGLangMock(token_s=TOKEN_S, running=1).serving() as mock:
        asyncio.run(main(mock))


def test_a_cut_that_comes_too_late_changes_nothing(mock: SGLangMock) -> None:
    async def main() -> None:
        async with make(mock) as engine:
            cut: Cut = asyncio.get_running_loop().create_future()
            reply = await engine.extend(ask(until="step"), cut)
            cut.set_result(None)
            await asyncio.sleep(0.02)
            assert reply.finish == "open"
        assert mock.aborted == []

    asyncio.run(main())


def test_cancelling_stops_the_server_and_harms_no_sibling(mock: SGLangMock) -> None:
    async def main() -> None:
        async with make(mock) as engine:
            asks = [ask(seed=seed, until="end", max_tokens=200) for seed in range(12)]
            tasks = [asyncio.ensure_future(engine.extend(one)) for one in asks]
            await until(lambda: mock.live == 12)
            assert mock.calls == [12]
            for task in tasks[1:]:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(end, asyncio.CancelledError) for end in ended[1:])
            assert not isinstance(ended[0], BaseException)
            assert ended[0].finish == "stop"
            await until(lambda: mock.live == 0)
            assert len(mock.aborted) == 11

    asyncio.run(main())


def test_cancelling_one_never_stops_another_whose_number_starts_alike(mock: SGLangMock) -> None:
    async def main() -> None:
        async with make(mock) as engine:
            asks = [ask(seed=seed, until="end", max_tokens=200) for seed in range(40)]
            tasks = [asyncio.ensure_future(engine.extend(one)) for one in asks]
            await until(lambda: mock.live == 40)
            for task in tasks[:4]:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            assert sum(isinstance(end, asyncio.CancelledError) for end in ended) == 4
            assert len(mock.aborted) == 4

    asyncio.run(main())


def test_leaving_stops_what_is_still_written(mock: SGLangMock) -> None:
    async def main() -> None:
        async with make(mock) as engine:
            task = asyncio.ensure_future(engine.extend(ask(until="end", max_tokens=3000)))
            await until(lambda: mock.live == 1)
        with pytest.raises(EngineError, match="closed"):
            await task
        await until(lambda: mock.live == 0)

    asyncio.run(main())


def test_an_abort_that_overtakes_its_request_is_said_again(
    mock: SGLangMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with make(mock) as engine:
            cut: Cut = asyncio.get_running_loop().create_future()
            task = asyncio.ensure_future(engine.extend(ask(until="end", max_tokens=3000), cut))
            await until(lambda: mock.live == 1)
            mock.deaf = 2
            cut.set_result(None)
            assert (await task).finish == "cut"

    monkeypatch.setattr("compute_router.engines.sglang.calls.ABORT_AGAIN_S", 0.01)
    asyncio.run(main())


def test_too_long_a_path_overflows_alone(mock: SGLangMock) -> None:
    async def main() -> None:
        async with make(mock) as engine:
            asks = [ask(max_tokens=20), ask(max_tokens=engine.model.context), ask(max_tokens=20)]
            ends = await asyncio.gather(*map(engine.extend, asks), return_exceptions=True)
            assert isinstance(ends[1], ContextOverflow)
            assert not any(isinstance(end, BaseException) for end in (ends[0], ends[2]))

    asyncio.run(main())


def test_what_the_server_finds_too_long_overflows_alone(mock: SGLangMock) -> None:
    async def main() -> None:
        async with make(mock) as engine:
            # As with speculative decoding: the server keeps some of its context for itself.
            mock.info = {**mock.info, "max_req_input_len": 100}
            asks = [ask(seed=seed, max_tokens=20 if seed != 1 else 200) for seed in range(3)]
            ends = await asyncio.gather(*map(engine.extend, asks), return_exceptions=True)
            assert isinstance(ends[1], ContextOverflow)
            assert not any(isinstance(end, BaseException) for end in (ends[0], ends[2]))
            await until(lambda: mock.live == 0)
            assert mock.calls == [3, 1, 1, 1]

    asyncio.run(main())


class TestWhoAnswers:
    def test_the_context_and_the_fingerprint_are_the_servers(self, mock: SGLangMock) -> None:
        assert make(mock).model.context == mock.info["max_req_input_len"]
        assert make(mock).model.fingerprint == "/models/Mock-1B@default"

    @pytest.mark.parametrize("name", ["Mock-1B", "mock-1b", "someone/Mock-1B", "/elsewhere/Mock-1B/"])
    def test_a_name_is_its_last_part(self, mock: SGLangMock, name: str) -> None:
        assert make(mock, name=name).model.name == name

    def test_another_model_is_refused(self, mock: SGLangMock) -> None:
        with pytest.raises(EngineError, match=r"serves /models/Mock-1B, not Mock-7B") as refused:
            make(mock, name="Mock-7B")
        assert not refused.value.retryable

    def test_a_model_that_changed_since_is_refused_at_the_start(self, mock: SGLangMock) -> None:
        engine = make(mock)
        mock.model["weight_version"] = "next"

        async def main() -> None:
            async with engine:
                raise AssertionError("started")

        with pytest.raises(EngineError, match="no longer the same"):
            asyncio.run(main())

    def test_differences_instead_of_whole_replies_are_refused(self, mock: SGLangMock) -> None:
        mock.info["incremental_streaming_output"] = True
        with pytest.raises(EngineError, match="without --incremental-streaming-output"):
            identify(mock.url)

    @pytest.mark.parametrize(
        "url", ["http://127.0.0.1:1", "127.0.0.1:30000", "ftp://somewhere", "http://", "http://a:b"]
    )
    def test_no_server_is_one_clear_error(self, url: str) -> None:
        with pytest.raises(EngineError, match=r"no server answers|no address"):
            identify(url, timeout_s=2)

    def test_another_kind_of_server_is_refused(self, mock: SGLangMock) -> None:
        with pytest.raises(EngineError, match="answered /get_model_info with 404"):
            identify(mock.url + "/elsewhere")
        mock.info = {"version": "other"}
        with pytest.raises(EngineError, match="no SGLang server"):
            identify(mock.url)


def test_without_a_tokenizer_and_transformers_the_error_says_what_to_install(
    mock: SGLangMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    async def main() -> None:
        served = identify(mock.url)
        async with SGLangEngine(mock.url, served, name="Mock-1B", params=1):
            raise AssertionError("started")

    monkeypatch.setattr("compute_router.engines.tokenizer.import_module", missing)
    with pytest.raises(EngineError, match=r"pip install 'compute-router\[sglang\]'"):
        asyncio.run(main())


def test_replies_do_not_depend_on_who_shares_the_call(mock: SGLangMock) -> None:
    asks = [replace(ask(until="step"), seed=seed) for seed in range(80)]

    async def replies(together: Callable[[int], int]) -> list[str]:
        async with make(mock) as engine:
            texts: list[str] = []
            for at in range(0, len(asks), together(len(asks))):
                some = asks[at : at + together(len(asks))]
                texts += [r.steps_S[0].text for r in await asyncio.gather(*map(engine.extend, some))]
            return texts

    at_once = asyncio.run(replies(lambda n: n))
    assert mock.calls == [64, 16]
    assert at_once == asyncio.run(replies(lambda n: 10))
    assert len(set(at_once)) == len(asks)
