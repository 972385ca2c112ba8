"""What the router itself costs: client CPU per step-sequence over HTTP, and the time of a decision.

    python benchmarks/client.py [--problems N] [--rounds N] [--quick] [--no-logprobs] [--profile] [--json F]

The scheduler that solves problems runs beam:n=16,m=4 over loopback HTTP against a double of SGLang's
/generate in a process of its own, so that process_time is the client's alone: search, seeds, scheduling,
HTTP, parsing, and scoring by a trivial PRM in this process. Prompts have 200 tokens, steps about 60, a
token takes 2 ms. A step-sequence is one path extended by one step. Log-probabilities, which only the
baseline scorer needs, are off for the figure with the target and on for the one beside it.

`bare` is what this machine, as it is now, needs for HTTP alone: aiohttp and orjson, lists of 16 that
return whole, no search and no steps; beside it a busy machine shows. Each figure of the client is the
lowest of --rounds: other work on the machine only ever adds.

Decisions are timed over texts of the demo problems and generated ones: one by one for the percentiles,
in batches of 64, as the pipeline makes them, for decisions a second.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import gc
import json
import pstats
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any, cast

from posting import bare, mock_server, of_aiohttp, prompt

from compute_router import Problem
from compute_router.cli.heap import settle
from compute_router.engines.sglang import SGLangEngine, identify
from compute_router.execute.scheduler import Scheduler, SearchJob
from compute_router.factory import Settings, chooser
from compute_router.grading import Grader
from compute_router.io.problem_file import read_problems
from compute_router.policies import Limits, make
from compute_router.policies import Path as SearchPath
from compute_router.scoring import Scored

ROOT = Path(__file__).parents[1]
SPEC = "beam:n=16,m=4"
LIMITS = Limits(step_tokens=128, path_tokens=1024, steps=8)
BATCH = 64
TARGETS = {
    "client_us_per_sequence": ("<=", 40.0),
    "decisions_per_s": (">=", 10_000.0),
    "decision_p99_ms": ("<=", 1.0),
}


class Trivial:
    """A PRM of no cost: a score from the last token of each step."""

    name = "trivial"
    params = 0
    is_baseline = True

    async def __aenter__(self) -> Trivial:
        return self

    async def __aexit__(self, *exc: object) -> None:
        return None

    def price(self, problem: str, path: SearchPath) -> int:
        return 0

    async def score(self, batch: Sequence[tuple[str, SearchPath]]) -> Sequence[Scored]:
        return [Scored(tuple([step.tokens_T[0] % 97 / 97 for step in path.steps_S])) for _, path in batch]


class Literal:
    """Groups answers that are the same text: grading has its own processes, and is not the client's."""

    async def classes(self, answers: Sequence[str | None]) -> tuple[int | None, ...]:
        return tuple([None if answer is None else answers.index(answer) for answer in answers])


class Counted(SGLangEngine):
    """Counts step-sequences."""

    n = 0

    def extend(self, *args: Any) -> Any:
        self.n += 1
        return super().extend(*args)


async def search(
    url: str, problems: int, rounds: int, *, logprobs: bool, profile: bool = False
) -> dict[str, float]:
    """Solve `problems` generated problems `rounds` times; client CPU a step-sequence."""
    engine = Counted(url, identify(url), name="Mock-1B", params=10**9, logprobs=logprobs, tokenizer=prompt)
    async with engine:
        scheduler = Scheduler(engine, Trivial(), cast(Grader, Literal()), seed=1)

        async def solve(first: int, n: int) -> None:
            jobs = (
                SearchJob(f"p{i}", f"problem {i}", make(SPEC).search(LIMITS)) for i in range(first, first + n)
            )
            async for solved in scheduler.run(jobs):
                assert solved.error is None, solved.error
                assert solved.outcome is not None
                assert solved.outcome.answer is not None

        await solve(0, 4)
        cpu_R, wall = [], 0.0
        sequences = 0
        profiler = cProfile.Profile()
        for turn in range(rounds):
            engine.n = 0
            gc.collect()
            if profile:
                profiler.enable()
            cpu, start = time.process_time(), time.perf_counter()
            await solve(4 + turn * problems, problems)
            cpu_R.append((time.process_time() - cpu) / engine.n)
            wall += time.perf_counter() - start
            sequences += engine.n
            profiler.disable()
        if profile:
            pstats.Stats(profiler).sort_stats("tottime").print_stats(25)
    name = "client_us_per_sequence" + ("_logprobs" if logprobs else "")
    return {
        name: 1e6 * min(cpu_R),
        f"{name}_sequences": sequences,
        f"{name}_sequences_per_s": sequences / wall,
    }


async def plain(url: str, rounds: int) -> dict[str, float]:
    """CPU a sequence of lists of 16 over plain aiohttp, each list back whole."""
    async with of_aiohttp(url) as post:
        cost_R = [await bare(post, f"plain{turn:>3}", stream=False) for turn in range(rounds + 1)]
    return {"bare_us_per_sequence": 1e6 * min(cost_R[1:])}


def texts(n: int) -> list[str]:
    """The demo problems, then generated ones of about their lengths."""
    demo: list[Problem] = read_problems(str(ROOT / "configs" / "problems" / "demo.jsonl"))
    random = Random(5)
    found = [problem.text for problem in demo]
    while len(found) < n:
        a, b, c = (random.randrange(2, 500) for _ in range(3))
        found.append(
            random.choice(
                (
                    f"Compute {a} + {b} - {c}.",
                    f"A shop sells pens at ${a} and books at ${b}. Ann buys {c} of each. What does she pay?",
                    f"Find all real x with {a}x^2 + {b}x = {c}, and give the sum of their squares.",
                    f"How many integers between {a} and {a + b} are divisible by {c % 9 + 2}?",
                )
            )
        )
    return found[:n]


def decisions(n: int) -> dict[str, float]:
    """Routing alone: no engine, no weights, the shipped predictor and table."""
    choose = chooser(Settings())
    problems = texts(n)
    choose.decide(problems[:BATCH])
    cpu = time.process_time()
    for at in range(0, n, BATCH):
        choose.decide(problems[at : at + BATCH])
    cpu = time.process_time() - cpu
    single_N = []
    for text in problems:
        start = time.perf_counter()
        choose.decide([text])
        single_N.append(1e3 * (time.perf_counter() - start))
    single_N.sort()
    return {
        "decisions_per_s": n / cpu,
        "decision_p50_ms": single_N[n // 2],
        "decision_p99_ms": single_N[int(n * 0.99)],
    }


def verdict(name: str, value: float) -> str:
    if name not in TARGETS:
        return ""
    sign, target = TARGETS[name]
    met = value <= target if sign == "<=" else value >= target
    return f"{sign} {target:,.0f}  {'met' if met else 'MISSED'}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--problems", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="32 problems, without log-probabilities")
    parser.add_argument("--no-logprobs", action="store_true", help="leave out the run with them")
    parser.add_argument(
        "--profile", action="store_true", help="where the client's time goes, without figures"
    )
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    problems = 32 if options.quick else options.problems
    settle()  # as the command line does
    with mock_server() as url:
        figures = asyncio.run(search(url, problems, options.rounds, logprobs=False, profile=options.profile))
        if options.profile:
            return
        if not (options.quick or options.no_logprobs):
            figures |= asyncio.run(search(url, problems, options.rounds, logprobs=True))
        figures |= asyncio.run(plain(url, options.rounds))
    figures["client_over_bare"] = figures["client_us_per_sequence"] / figures["bare_us_per_sequence"]
    figures |= decisions(512 if options.quick else 4096)
    for name, value in figures.items():
        print(f"{name:<50} {value:12,.3f}  {verdict(name, value)}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
