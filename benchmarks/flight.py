"""Beam search over 16 problems with the real embedded engine: 8 problems in flight against one at a time.

    python benchmarks/flight.py [--problems FILE] [--n 16] [--spec beam:n=8,m=4] [--json FILE]

One run, one engine, the same jobs and seeds; workers draw problems from one list (Scheduler.solve). The order
is one, eight, one again, so that a machine that slows down hurts both. A last pass leaves the number in
flight to the scheduler (Scheduler.run). Answers are compared; texts may differ, since llama.cpp rounds
differently in batches of different sizes (docs/determinism.md).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from policies import make
from router.data import data_path
from router.engines.embedded import EmbeddedEngine
from router.grading import Grader
from router.presets import load_embedded
from router.problem import Problem, read_problems
from router.scheduler import Job, Scheduler, Solved
from router.scoring import LogprobBaseline
from router.weights import default_policy_model, resolve


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

        def jobs() -> list[Job]:
            return [Job(p.id, p.text, strategy.search(preset.limits)) for p in problems]

        async def by(workers: int) -> Pass:
            waiting, start = iter(jobs()), time.monotonic()

            async def work() -> list[Solved]:
                return [await scheduler.solve(job) for job in waiting]

            done = await asyncio.gather(*(work() for _ in range(workers)))
            return passed([one for some in done for one in some], start)

        async def freely() -> Pass:
            start = time.monotonic()
            return passed([solved async for solved in scheduler.run(jobs())], start)

        one, eight, again, free = await by(1), await by(8), await by(1), await freely()
    for name, it in (("one", one), ("eight", eight), ("one again", again), ("by load", free)):
        print(f"{name:<10} {it.tokens:>7} tokens {it.seconds:>7.1f} s {it.speed:>6.1f} tokens/s", flush=True)
    alone = (one.tokens + again.tokens) / (one.seconds + again.seconds)
    for key in one.answers:
        if len({one.answers[key], eight.answers[key], again.answers[key]}) > 1:
            print(f"  {key}: {one.answers[key]} and {again.answers[key]} alone, {eight.answers[key]} with 8")
    return {
        "throughput_8_over_1": eight.speed / alone,
        "throughput_load_over_1": free.speed / alone,
        "answers_8_as_1": agreement(eight, one),
        "answers_1_as_1": agreement(again, one),
        "problems": len(problems),
    }


def passed(solved: Sequence[Solved], start: float) -> Pass:
    return Pass(
        {one.job.problem_id: one.outcome.answer if one.outcome else None for one in solved},
        sum(one.ledger.policy.generated for one in solved),
        time.monotonic() - start,
    )


def agreement(a: Pass, b: Pass) -> float:
    return sum(a.answers[key] == b.answers[key] for key in a.answers) / len(a.answers)


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
