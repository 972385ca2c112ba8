"""Beam search over 16 problems with the real embedded engine: 8 problems in flight against one at a time.

    python benchmarks/flight.py [--problems FILE] [--n 16] [--spec beam:n=8,m=4] [--json FILE]

One run, one engine, the same jobs and seeds; workers draw problems from one list (Scheduler.solve), in four
passes: half the problems one at a time, all with eight in flight, the other half one at a time, and all as
the scheduler itself would (Scheduler.run). So a machine that slows down hurts both. Answers are compared;
texts may differ, since llama.cpp rounds differently in batches of different sizes (docs/determinism.md).
Paths are cut at 160 tokens: what is measured is how full the engine is, not how good the answers are.

Before and after the passes the engine alone decodes 8 paths, and as many as it has slots, of one prompt side
by side: what batching is worth on this machine, whoever schedules. A beam search of 8 that is never short
of a path already has the first; `engine_slots_over_8` is what is left to gain on top.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from compute_router.engines.base import Request
from compute_router.engines.embedded import EmbeddedEngine
from compute_router.engines.presets import load_embedded
from compute_router.execute.scheduler import Scheduler, SearchJob, Solved
from compute_router.grading import Grader
from compute_router.io.data_files import data_path
from compute_router.io.problem_file import read_problems
from compute_router.policies import Limits, make
from compute_router.problem import Problem
from compute_router.scoring import LogprobBaseline
from compute_router.weights import default_policy_model, resolve

LIMITS = Limits(step_tokens=64, path_tokens=160, steps=8)
TOKENS = 64
"""Of each path that the engine decodes alone."""


@dataclass(frozen=True, slots=True)
class Pass:
    """One way through all problems: answers by problem, tokens generated, seconds."""

    answers: dict[str, str | None]
    tokens: int
    seconds: float

    @property
    def speed(self) -> float:
        return self.tokens / self.seconds


async def measure(problems: Sequence[Problem], spec: str, policy_model: str) -> dict[str, float]:
    preset, strategy, grader = load_embedded(), make(spec), Grader()
    weights = resolve(policy_model)
    async with EmbeddedEngine(weights, slots=preset.slots, context=preset.context) as engine:
        scheduler = Scheduler(engine, LogprobBaseline(), grader, seed=0)

        def jobs(some: Sequence[Problem]) -> list[SearchJob]:
            return [SearchJob(p.id, p.text, strategy.search(LIMITS)) for p in some]

        async def by(workers: int, some: Sequence[Problem]) -> Pass:
            waiting, start = iter(jobs(some)), time.monotonic()

            async def work() -> list[Solved]:
                return [await scheduler.solve(job) for job in waiting]

            done = await asyncio.gather(*(work() for _ in range(workers)))
            return passed([one for batch in done for one in batch], start)

        async def freely() -> Pass:
            start = time.monotonic()
            return passed([solved async for solved in scheduler.run(jobs(problems))], start)

        async def decode(width: int, seed: int) -> float:
            """Tokens a second of `width` paths side by side."""
            prompt_T = await engine.encode(problems[0].text)
            asks = [Request(prompt_T, (), seed + i, "end", TOKENS, LIMITS.temperature) for i in range(width)]
            start = time.monotonic()
            replies = await asyncio.gather(*map(engine.extend, asks))
            return sum(reply.usage.generated for reply in replies) / (time.monotonic() - start)

        async def alone(seed: int) -> tuple[float, float]:
            return await decode(8, seed), await decode(preset.slots, seed + 100)

        await decode(8, 0)
        before = await alone(1000)
        half = len(problems) // 2
        first = show("one", await by(1, problems[:half]))
        eight = show("eight", await by(8, problems))
        second = show("one", await by(1, problems[half:]))
        free = show("by load", await freely())
        after = await alone(2000)
    answers = {**first.answers, **second.answers}
    one_by_one = (first.tokens + second.tokens) / (first.seconds + second.seconds)
    narrow, wide = (sum(pair) / 2 for pair in zip(before, after, strict=True))
    print(f"engine   8 paths {narrow:.1f}, {preset.slots} paths {wide:.1f} tokens/s")
    for key, answer in answers.items():
        if answer != eight.answers[key]:
            print(f"  {key}: {answer} alone, {eight.answers[key]} with 8 in flight")
    return {
        "throughput_8_over_1": eight.speed / one_by_one,
        "throughput_load_over_1": free.speed / one_by_one,
        "answers_that_agree": sum(answers[key] == eight.answers[key] for key in answers) / len(answers),
        "problems": len(problems),
        "engine_slots_over_8": wide / narrow,
    }


def passed(solved: Sequence[Solved], start: float) -> Pass:
    return Pass(
        {one.job.problem_id: one.outcome.answer if one.outcome else None for one in solved},
        sum(one.ledger.policy.generated for one in solved),
        time.monotonic() - start,
    )


def show(name: str, it: Pass) -> Pass:
    print(f"{name:<8} {it.tokens:>7} tokens {it.seconds:>7.1f} s {it.speed:>6.1f} tokens/s", flush=True)
    return it


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--problems", default=str(data_path("problems/demo.jsonl")))
    parser.add_argument("--n", type=int, default=16)
    parser.add_argument("--spec", default="beam:n=8,m=4")
    parser.add_argument("--policy-model", default=default_policy_model())
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    problems = read_problems(chosen.problems, limit=chosen.n)
    figures = asyncio.run(measure(problems, chosen.spec, chosen.policy_model))
    for name, figure in figures.items():
        print(f"{name:<24} {figure:.2f}")
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
