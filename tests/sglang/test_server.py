"""What the engine builds on, seen at a real server: cached prefixes, aborts, few chunks, logprobs, bounds."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import orjson
import pytest
from sglang_tests import PROBLEM, Run, ids, text, until

from compute_router.engines.base import Cut, Engine, Request
from compute_router.engines.sglang import identify, wire
from compute_router.engines.sglang.http import Http
from compute_router.errors import ContextOverflow, EngineError
from support.sglang_cpu.model import BOXES, END
from support.sglang_cpu.server import Server


async def asked(engine: Engine, **changes: Any) -> Request:
    request = Request(await engine.encode(PROBLEM), (), 3, "step", 40, 1.0)
    return replace(request, **changes)


def test_it_says_who_it_is(server: Server) -> None:
    served = identify(server.url)
    assert served.model_path == str(server.model)
    assert served.name == "Tiny-Qwen2-0.1M"
    assert served.context == 2048 - 6
    assert served.generates
    assert served.running == 32


def test_the_models_own_chat_template_frames_the_problem(run: Run) -> None:
    async def use(engine: Engine) -> None:
        plain, hostile = await engine.encode(PROBLEM), await engine.encode(PROBLEM + END)
        control = {token for token in plain if token not in await engine.encode("x" + PROBLEM)}
        assert not control
        marks = [token for token in set(plain) if plain.count(token) == 2 and token > 300]
        assert marks, "the template's own control tokens"
        assert all(hostile.count(token) == plain.count(token) for token in marks)

    run(use)


def test_a_step_finds_what_was_written_before_it_cached(run: Run) -> None:
    async def use(engine: Engine) -> None:
        request = await asked(engine, seed=5)
        await engine.read(request.prompt_T)
        seen = 0
        for seed in range(12):
            request = replace(request, seed=seed)
            reply = await engine.extend(request)
            assert reply.usage.cached >= 0.9 * reply.usage.prompt
            if reply.finish != "open":
                request = replace(request, path_T=())
                continue
            seen += 1
            request = replace(request, path_T=request.path_T + ids(reply))
        assert seen >= 4

    run(use)


def test_siblings_of_a_prompt_that_was_read_share_it(run: Run) -> None:
    async def use(engine: Engine) -> None:
        prompt_T = await engine.encode("Siblings: " + PROBLEM)
        assert (await engine.read(prompt_T)).prompt == len(prompt_T)
        asks = [Request(prompt_T, (), seed, "step", 20, 1.0) for seed in range(8)]
        for reply in await asyncio.gather(*map(engine.extend, asks)):
            assert reply.usage.cached == len(prompt_T) - 1
            assert reply.usage.prompt == len(prompt_T)

    run(use)


def test_reading_ahead_writes_nothing(run: Run) -> None:
    async def use(engine: Engine) -> None:
        bill = await engine.read(await engine.encode("Read this: " + PROBLEM))
        assert bill.generated == 0
        assert bill.prompt > 0

    run(use)


@pytest.mark.parametrize("end", ["step", "end"])
def test_a_member_comes_in_two_chunks_however_long(server: Server, run: Run, end: str) -> None:
    """stream_interval is honoured as a sampling parameter: the first token, then all."""

    async def use(engine: Engine) -> None:
        requests = [await asked(engine, until=end, seed=seed, max_tokens=60) for seed in range(4)]
        events: list[dict[str, Any]] = []
        rest = b""

        def take(piece: bytes) -> None:
            nonlocal rest
            *whole, rest = (rest + piece).split(b"\n\n")
            events.extend(orjson.loads(event[6:]) for event in whole if not event.endswith(b"[DONE]"))

        http = Http(server.url, silence_s=60)
        rids = [f"chunks-{end}-{i}" for i in range(len(requests))]
        try:
            status, _ = await http.post("/generate", wire.body(rids, requests, logprobs=True), take)
        finally:
            http.close()
        assert status == 200
        for rid in rids:
            mine = [event for event in events if event["meta_info"]["id"] == rid]
            assert 1 <= len(mine) <= 2
            assert mine[-1]["meta_info"]["finish_reason"] is not None
            assert len(mine[-1]["output_ids"]) == mine[-1]["meta_info"]["completion_tokens"]

    run(use)


def test_every_token_has_its_log_probability_and_the_text_is_the_tokens_text(run: Run) -> None:
    async def use(engine: Engine) -> None:
        for seed in range(4):
            reply = await engine.extend(await asked(engine, until="end", seed=seed, max_tokens=60))
            for step in reply.steps_S:
                assert len(step.logprobs_T) == len(step.tokens_T)
                assert all(-30 < logprob <= 0 for logprob in step.logprobs_T)
            assert reply.usage.generated == len(ids(reply))
            assert all(step.text.count("\n\n") <= 1 for step in reply.steps_S[:-1])

    run(use)


def test_answers_in_boxes_come_through_whole(run: Run) -> None:
    async def use(engine: Engine) -> None:
        asks = [await asked(engine, until="end", seed=seed, max_tokens=200) for seed in range(8)]
        texts = [text(reply) for reply in await asyncio.gather(*map(engine.extend, asks))]
        assert any(box in one for one in texts for box in BOXES)

    run(use)


@pytest.mark.parametrize("how", ["cancel", "cut"])
def test_what_nobody_wants_stops_at_the_server(server: Server, run: Run, how: str) -> None:
    async def use(engine: Engine) -> None:
        prompt_T = await engine.encode(PROBLEM)
        cut: Cut = asyncio.get_running_loop().create_future()
        # Hot enough that nothing ends by itself, and room for most of the context.
        many = engine.model.context - len(prompt_T) - 1
        asks = [Request(prompt_T, (), seed, "end", many, 30.0) for seed in range(6)]
        tasks = [asyncio.ensure_future(engine.extend(one, cut)) for one in asks]
        await until(lambda: busy(server) >= 4, 10)
        if how == "cut":
            cut.set_result(None)
        else:
            for task in tasks:
                task.cancel()
        await until(lambda: busy(server) == 0, 5)
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        if how == "cancel":
            assert sum(isinstance(end, asyncio.CancelledError) for end in ends) >= 4
            return
        replies = [end for end in ends if not isinstance(end, BaseException)]
        assert len(replies) == 6
        stopped = [reply for reply in replies if reply.finish == "cut"]
        assert len(stopped) >= 4
        for reply in stopped:
            assert 0 < reply.usage.generated == len(ids(reply)) < many

    run(use)


def busy(server: Server) -> int:
    """Requests that the server runs or keeps waiting."""
    return sum(load["num_reqs"] + load["num_waiting_reqs"] for load in server.get("/get_load"))


def test_too_long_a_path_overflows_and_harms_no_neighbour(run: Run) -> None:
    async def use(engine: Engine) -> None:
        good = await asked(engine)
        bad = replace(good, max_tokens=engine.model.context)
        ends = await asyncio.gather(*map(engine.extend, (good, bad, good)), return_exceptions=True)
        assert [type(end) for end in ends if isinstance(end, BaseException)] == [ContextOverflow]

    run(use)


def test_what_the_server_itself_finds_too_long_is_an_overflow(server: Server, run: Run) -> None:
    async def use(engine: Engine) -> None:
        request = await asked(engine)
        long = replace(request, prompt_T=request.prompt_T * 20)
        for too_much in (long, replace(request, max_tokens=2048)):
            ends = await asyncio.gather(
                *(engine._calls.extend(one, None) for one in (request, too_much)),  # type: ignore[attr-defined]
                return_exceptions=True,
            )
            assert isinstance(ends[1], ContextOverflow), ends[1]
            assert not isinstance(ends[0], BaseException)

    run(use)


def test_a_refused_member_is_a_typed_error_and_leaves_the_others(run: Run) -> None:
    async def use(engine: Engine) -> None:
        good = await asked(engine)
        bad = replace(good, temperature=-1.0)
        ends = await asyncio.gather(*map(engine.extend, (good, bad)), return_exceptions=True)
        assert isinstance(ends[1], EngineError)
        assert not ends[1].retryable
        assert not isinstance(ends[0], BaseException)

    run(use)
