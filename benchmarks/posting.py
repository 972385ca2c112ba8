"""HTTP alone: client CPU a sequence of the ways to post a list call and read its answer.

    python benchmarks/posting.py [--rounds N]        # pip install httpx2 first, for its row

Lists of 16 prompts of 400 ids to a double of SGLang's /generate in a process of its own, 64 lists at a time,
no search and no steps: bodies are made and answers parsed by orjson in every row alike. `whole` answers
once all 16 are done, `streamed` in chunks, which are handed on as they come. Each figure is the lowest of
--rounds, the ways taking turns: other work on the machine only ever adds.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from random import Random

import aiohttp
import orjson

from compute_router.engines.sglang.http import Http

__all__ = ["bare", "mock_server", "of_aiohttp", "prompt"]

MOCK = Path(__file__).parents[1] / "tests" / "support" / "sglang_mock.py"
PROMPT_TOKENS = 200
CALLS, SIBLINGS = 64, 16
ROUNDS = 3

Post = Callable[[str, bytes, Callable[[bytes], None]], Awaitable[None]]
"""POST a body to an address; the answer's body goes to a function, piece by piece."""


@contextmanager
def mock_server() -> Iterator[str]:
    """The address of a double of SGLang in a process of its own."""
    command = [sys.executable, str(MOCK), "--token-s", "0.002", "--step-tokens", "60"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.communicate()


def prompt(problem: str, opening: str = "") -> list[int]:
    """200 ids in the tens of thousands, another 200 for every problem."""
    random = Random(problem)
    return [10_000 + random.randrange(140_000) for _ in range(PROMPT_TOKENS)]


@asynccontextmanager
async def ours(url: str) -> AsyncIterator[Post]:
    http = Http(url, silence_s=600)

    async def post(path: str, body: bytes, take: Callable[[bytes], None]) -> None:
        status, _ = await http.post(path, body, take)
        assert status == 200

    yield post
    http.close()


@asynccontextmanager
async def of_aiohttp(url: str) -> AsyncIterator[Post]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def post(path: str, body: bytes, take: Callable[[bytes], None]) -> None:
            async with session.post(url + path, data=body) as answer:
                assert answer.status == 200
                async for piece in answer.content.iter_any():
                    take(piece)

        yield post


@asynccontextmanager
async def of_httpx2(url: str) -> AsyncIterator[Post]:
    import httpx2  # type: ignore[import-not-found, unused-ignore]

    async with httpx2.AsyncClient(timeout=600, limits=httpx2.Limits(max_connections=None)) as client:

        async def post(path: str, body: bytes, take: Callable[[bytes], None]) -> None:
            async with client.stream("POST", url + path, content=body) as answer:
                assert answer.status_code == 200
                async for piece in answer.aiter_raw():
                    take(piece)

        yield post


WAYS = {"ours": ours, "aiohttp": of_aiohttp, "httpx2": of_httpx2}


async def bare(post: Post, name: str, *, stream: bool) -> float:
    """CPU seconds a sequence of CALLS lists at a time. What is sent is made before the clock starts."""
    sampling = {"max_new_tokens": 128, "temperature": 0.7, "stop": "\n\n", "no_stop_trim": True}
    if stream:
        sampling["stream_interval"] = 1 << 20
    prompts = [[*prompt(f"{name}-{i}"), *prompt(f"{name}+{i}")] for i in range(CALLS)]

    async def call(i: int) -> None:
        body = {
            "input_ids": [prompts[i]] * SIBLINGS,
            "sampling_params": [{**sampling, "sampling_seed": j} for j in range(SIBLINGS)],
            "rid": [f"{name}-{i:03}{j:02}" for j in range(SIBLINGS)],
            "stream": stream,
        }
        pieces: list[bytes] = []
        await post("/generate", orjson.dumps(body), pieces.append)
        content = b"".join(pieces)
        if not stream:
            assert len(orjson.loads(content)) == SIBLINGS
            return
        events = [orjson.loads(line[6:]) for line in content.split(b"\n\n") if line.startswith(b"data: {")]
        assert sum(event["meta_info"]["finish_reason"] is not None for event in events) == SIBLINGS

    cpu = time.process_time()
    await asyncio.gather(*map(call, range(CALLS)))
    return (time.process_time() - cpu) / (CALLS * SIBLINGS)


async def compare(url: str, rounds: int) -> dict[tuple[str, bool], float]:
    """The lowest CPU seconds a sequence by way and by whether the answer was streamed."""
    lowest: dict[tuple[str, bool], float] = {}
    async with AsyncExitStack() as stack:
        posts: dict[str, Post] = {}
        for way, opened in WAYS.items():
            try:
                posts[way] = await stack.enter_async_context(opened(url))
            except ImportError:
                print(f"{way} is not installed")
        for turn in range(rounds + 1):
            for way, post in posts.items():
                for stream in (False, True):
                    cost = await bare(post, f"{way:>8}{turn:>3}{stream:d}", stream=stream)
                    if turn:  # the first opens the connections
                        lowest[way, stream] = min(cost, lowest.get((way, stream), cost))
    return lowest


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    with mock_server() as url:
        lowest = asyncio.run(compare(url, options.rounds))
    for stream in (False, True):
        base = lowest["ours", stream]
        for way in WAYS:
            if (way, stream) in lowest:
                cost = lowest[way, stream]
                kind = "streamed" if stream else "whole"
                print(f"{kind:<9} {way:<8} {1e6 * cost:8.1f} us a sequence   {cost / base:5.2f} x ours")


if __name__ == "__main__":
    main()
