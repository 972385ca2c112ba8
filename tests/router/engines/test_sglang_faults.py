"""A server that dies, lies or stalls gives typed errors, and stops writing what nobody waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from compute_router.errors import ContextOverflow, EngineError
from support.sglang_kit import ask, make, until
from support.sglang_mock import SGLangMock

TOKEN_S = 0.002


@pytest.fixture
def mock() -> Iterator[SGLangMock]:
    with SGLangMock(token_s=TOKEN_S).serving() as served:
        yield served


def ends(mock: SGLangMock, n: int = 3) -> list[Any]:
    """How `n` steps asked in one moment end; afterwards the engine still serves."""

    async def main() -> list[Any]:
        async with make(mock) as engine:
            asks = [ask(seed=seed, until="step") for seed in range(n)]
            found = await asyncio.gather(*map(engine.extend, asks), return_exceptions=True)
            assert (await engine.extend(ask())).finish == "stop"
            await until(lambda: mock.live == 0)
            return found

    return asyncio.run(main())


def event(**changes: Any) -> bytes:
    return b"data: " + orjson.dumps(changes) + b"\n\n"


DONE = b"data: [DONE]\n\n"
STOP = {"type": "stop", "matched": 2}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"Internal Server Error"),
        (503, b'{"error": {"message": "shutting down"}}'),
        (429, b"slow down"),
        (0, b""),
        (200, b""),
        (200, DONE),
        (200, b"data: {nonsense\n\n" + DONE),
        (200, b"data: [1, 2]\n\n" + DONE),
        (200, event(text="a", output_ids=[1]) + DONE),
        (200, event(text="a", output_ids=[1], meta_info={"id": "nobody", "finish_reason": STOP}) + DONE),
        (200, b"<html>" * 1000),
    ],
)
def test_what_may_pass_is_retryable(mock: SGLangMock, status: int, body: bytes) -> None:
    mock.answers.append((status, body))
    for end in ends(mock):
        assert isinstance(end, EngineError), end
        assert end.retryable, end
        assert str(end)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b'{"error": {"message": "bad rid"}}'),
        (401, b"no key"),
        (302, b""),
        (200, event(error={"message": "bad rid"}) + DONE),
    ],
)
def test_what_will_not_pass_is_not(mock: SGLangMock, status: int, body: bytes) -> None:
    mock.answers.append((status, body))
    (end,) = ends(mock, 1)
    assert isinstance(end, EngineError)
    assert not end.retryable


@pytest.mark.parametrize(
    "message",
    [
        "The input (600 tokens) is longer than the model's context length (512 tokens).",
        "Input length (600 tokens) exceeds the maximum allowed length (507 tokens). Use a shorter input.",
    ],
)
def test_a_context_overflow_is_recognised(mock: SGLangMock, message: str) -> None:
    mock.answers.append((200, event(error={"message": message}) + DONE))
    (end,) = ends(mock, 1)
    assert isinstance(end, ContextOverflow)


def test_one_refused_call_is_asked_again_member_by_member(mock: SGLangMock) -> None:
    mock.answers += [(400, b"no"), (400, b"no, you")]
    found = ends(mock)
    assert mock.calls[:4] == [3, 1, 1, 1]
    assert [isinstance(end, EngineError) for end in found].count(True) == 1


@pytest.mark.parametrize("chunks", [1, 5])
def test_a_server_that_dies_in_mid_flight(mock: SGLangMock, chunks: int) -> None:
    """The first three chunks are first tokens; whoever had its reply by then keeps it."""
    mock.break_after = chunks
    found = ends(mock)
    failed = [end for end in found if isinstance(end, BaseException)]
    assert len(failed) == 3 - max(0, chunks - 3)
    assert all(isinstance(end, EngineError) and end.retryable for end in failed)


def test_a_dead_server_is_a_retryable_error() -> None:
    async def main() -> None:
        with SGLangMock().serving() as mock:
            engine = make(mock)
            await engine.__aenter__()
        with pytest.raises(EngineError) as broken:
            await engine.extend(ask())
        assert broken.value.retryable
        await engine.__aexit__()

    asyncio.run(main())


def test_a_silent_server_is_given_up_and_told_to_stop(
    mock: SGLangMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with make(mock) as engine:
            with pytest.raises(EngineError, match="said nothing") as silent:
                await engine.extend(ask(until="end", max_tokens=3000))
            assert silent.value.retryable
            await until(lambda: mock.live == 0)
            assert len(mock.aborted) == 1

    monkeypatch.setattr("compute_router.engines.sglang.engine.SILENCE_S", 0.03)
    asyncio.run(main())


def test_a_full_queue_is_a_retryable_error_of_one_member(mock: SGLangMock) -> None:
    async def main() -> None:
        async with make(mock) as engine:
            mock.full_after = 2
            asks = [ask(seed=seed, until="step") for seed in range(3)]
            found = await asyncio.gather(*map(engine.extend, asks), return_exceptions=True)
            (error,) = [end for end in found if isinstance(end, BaseException)]
            assert isinstance(error, EngineError)
            assert error.retryable

    asyncio.run(main())


def test_a_member_whose_reply_makes_no_sense_fails_alone(mock: SGLangMock) -> None:
    async def main() -> None:
        async with make(mock) as engine:
            mock.spoil = 1
            asks = [ask(seed=seed, until="step") for seed in range(3)]
            found = await asyncio.gather(*map(engine.extend, asks), return_exceptions=True)
            assert [isinstance(end, EngineError) for end in found] == [False, True, False]

    asyncio.run(main())


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_bytes_may_come_in_any_pieces(mock: SGLangMock, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = [end.steps_S for end in ends(mock)]
    monkeypatch.setattr("compute_router.engines.sglang.http.ROOM", size)
    assert [end.steps_S for end in ends(mock)] == whole
