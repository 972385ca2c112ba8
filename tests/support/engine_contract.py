"""What every engine must keep. A new engine subclasses EngineContract and overrides `make_engine`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import pytest

from compute_router.engines import Engine, Extension, Request
from compute_router.engines.steps import STEP_END
from compute_router.errors import ContextOverflow
from compute_router.policies import Path

T = TypeVar("T")
MakeEngine = Callable[[], Engine]


class EngineContract:
    """`temperature` is one at which the engine's samples differ."""

    problem = "What is 12 + 30? Think step by step and put the answer into \\boxed{}."
    temperature = 1.0
    max_tokens = 64

    @pytest.fixture
    def make_engine(self) -> MakeEngine:
        raise NotImplementedError

    def run(self, make_engine: MakeEngine, use: Callable[[Engine, Request], Awaitable[T]]) -> T:
        """`use` the started engine, given a request to the end from the problem on."""

        async def main() -> T:
            async with make_engine() as engine:
                prompt_T = await engine.encode(self.problem)
                request = Request(prompt_T, (), 11, "end", self.max_tokens, self.temperature)
                return await use(engine, request)

        return asyncio.run(main())

    @staticmethod
    def well_formed(request: Request, reply: Extension) -> None:
        tokens = sum(len(step.tokens_T) for step in reply.steps_S)
        assert 0 < tokens <= request.max_tokens
        assert reply.usage.generated == tokens
        assert reply.usage.prompt == len(request.prompt_T) + len(request.path_T)
        assert 0 <= reply.usage.cached <= reply.usage.prompt
        assert reply.finish in (("stop", "length") if request.until == "end" else ("open", "stop", "length"))
        if reply.finish == "length":
            assert tokens == request.max_tokens
        if reply.finish == "open":
            assert len(reply.steps_S) == 1
            assert STEP_END in reply.steps_S[0].text
        for step in reply.steps_S:
            assert len(step.logprobs_T) <= len(step.tokens_T)
            assert all(logprob <= 0 for logprob in step.logprobs_T)
        assert any(step.logprobs_T for step in reply.steps_S)

    def test_it_says_who_writes(self, make_engine: MakeEngine) -> None:
        engine = make_engine()
        assert engine.model.name
        assert engine.model.fingerprint
        assert engine.model.params > 0
        assert engine.model.context > 0
        assert engine.slots > 0

    def test_encoding_repeats_and_differs(self, make_engine: MakeEngine) -> None:
        async def use(engine: Engine, request: Request) -> None:
            assert await engine.encode(self.problem) == request.prompt_T
            assert await engine.encode(self.problem + " Hurry.") != request.prompt_T
            assert 0 < len(request.prompt_T) < engine.model.context

        self.run(make_engine, use)

    def test_what_a_solution_begins_with_follows_the_problem(self, make_engine: MakeEngine) -> None:
        async def use(engine: Engine, request: Request) -> None:
            opened_T = await engine.encode(self.problem, "\\boxed{")
            assert opened_T[: len(request.prompt_T)] == request.prompt_T
            assert 0 < len(opened_T) - len(request.prompt_T) <= len("\\boxed{")
            opened = replace(request, prompt_T=opened_T)
            self.well_formed(opened, await engine.extend(opened))

        self.run(make_engine, use)

    def test_a_problem_beyond_the_context_is_refused(self, make_engine: MakeEngine) -> None:
        async def use(engine: Engine, request: Request) -> None:
            with pytest.raises(ContextOverflow):
                await engine.encode("1 2 3 + " * engine.model.context)

        self.run(make_engine, use)

    def test_a_path_to_its_end(self, make_engine: MakeEngine) -> None:
        async def use(engine: Engine, request: Request) -> None:
            self.well_formed(request, await engine.extend(request))

        self.run(make_engine, use)

    def test_a_path_step_by_step(self, make_engine: MakeEngine) -> None:
        async def use(engine: Engine, request: Request) -> None:
            path = Path()
            for _ in range(6):
                asked = replace(request, path_T=path.tokens_T, until="step")
                reply = await engine.extend(asked)
                self.well_formed(asked, reply)
                grown = path.grow(0, reply.steps_S, reply.finish)
                assert grown.text.startswith(path.text)
                assert grown.n_tokens == path.n_tokens + reply.usage.generated
                path = grown
                if not path.is_open:
                    break
            assert path.text.strip()

        self.run(make_engine, use)

    @pytest.mark.parametrize("until", ["step", "end"])
    def test_no_token_beyond_the_limit(self, make_engine: MakeEngine, until: str) -> None:
        async def use(engine: Engine, request: Request) -> None:
            for limit in (1, 5):
                asked = replace(request, max_tokens=limit, until=until)  # type: ignore[arg-type]
                self.well_formed(asked, await engine.extend(asked))

        self.run(make_engine, use)

    def test_alone_a_request_repeats(self, make_engine: MakeEngine) -> None:
        async def use(engine: Engine, request: Request) -> None:
            one, other = await engine.extend(request), await engine.extend(request)
            assert tokens(one) == tokens(other)
            assert one.finish == other.finish

        self.run(make_engine, use)

    def test_at_temperature_zero_the_seed_does_not_matter(self, make_engine: MakeEngine) -> None:
        async def use(engine: Engine, request: Request) -> None:
            replies = [await engine.extend(replace(request, temperature=0.0, seed=seed)) for seed in (1, 77)]
            assert replies[0].steps_S[0].text == replies[1].steps_S[0].text

        self.run(make_engine, use)

    def test_siblings_side_by_side_are_samples_of_their_own(self, make_engine: MakeEngine) -> None:
        async def use(engine: Engine, request: Request) -> None:
            asked = [replace(request, seed=request.seed + i) for i in range(8)]
            replies = await asyncio.gather(*map(engine.extend, asked))
            for one, reply in zip(asked, replies, strict=True):
                self.well_formed(one, reply)
            assert len({tuple(step.text for step in reply.steps_S) for reply in replies}) > 1

        self.run(make_engine, use)

    def test_more_requests_than_slots_are_all_answered(self, make_engine: MakeEngine) -> None:
        async def use(engine: Engine, request: Request) -> None:
            asked = [replace(request, seed=7 * i, max_tokens=4) for i in range(engine.slots + 3)]
            for one, reply in zip(asked, await asyncio.gather(*map(engine.extend, asked)), strict=True):
                self.well_formed(one, reply)

        self.run(make_engine, use)

    def test_after_a_cancelled_request_it_still_serves(self, make_engine: MakeEngine) -> None:
        async def use(engine: Engine, request: Request) -> None:
            whole = await engine.extend(request)
            doomed = [asyncio.ensure_future(engine.extend(replace(request, seed=i))) for i in range(4)]
            await asyncio.sleep(0)
            for task in doomed:
                task.cancel()
            ended = await asyncio.wait_for(asyncio.gather(*doomed, return_exceptions=True), 10)
            assert all(isinstance(end, asyncio.CancelledError) for end in ended)
            assert tokens(await engine.extend(request)) == tokens(whole)

        self.run(make_engine, use)

    def test_a_prompt_that_was_read_ahead_is_billed_once(self, make_engine: MakeEngine) -> None:
        async def use(engine: Engine, request: Request) -> None:
            bill = await engine.read(request.prompt_T)
            assert bill.generated == 0
            assert bill.prompt in (0, len(request.prompt_T))
            reply = await engine.extend(request)
            self.well_formed(request, reply)
            if bill.prompt:
                assert reply.usage.cached >= len(request.prompt_T) - 1

        self.run(make_engine, use)

    def test_what_is_cut_comes_back_as_far_as_it_got(self, make_engine: MakeEngine) -> None:
        async def use(engine: Engine, request: Request) -> None:
            whole = await engine.extend(request)
            cut = asyncio.get_running_loop().create_future()
            doomed = [
                asyncio.ensure_future(engine.extend(replace(request, seed=i), cut))
                for i in range(engine.slots + 2)  # some of them still wait for a slot
            ]
            await asyncio.sleep(0.05)
            cut.set_result(None)
            for reply in await asyncio.wait_for(asyncio.gather(*doomed), 20):
                assert reply.finish in ("cut", "stop", "length")
                assert reply.usage.generated == sum(len(step.tokens_T) for step in reply.steps_S)
                assert reply.usage.generated <= request.max_tokens
            assert tokens(await engine.extend(request)) == tokens(whole)

        self.run(make_engine, use)

    def test_a_cut_that_came_before_writes_next_to_nothing(self, make_engine: MakeEngine) -> None:
        async def use(engine: Engine, request: Request) -> None:
            cut = asyncio.get_running_loop().create_future()
            cut.set_result(None)
            reply = await asyncio.wait_for(engine.extend(request, cut), 20)
            assert reply.finish in ("cut", "stop")
            assert reply.usage.generated <= 8 or reply.finish == "stop"

        self.run(make_engine, use)


def tokens(reply: Extension) -> list[Sequence[int]]:
    """By step. Their log-probabilities may be rounded differently once a prefix is cached."""
    return [step.tokens_T for step in reply.steps_S]
