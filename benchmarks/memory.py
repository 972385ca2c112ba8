"""The client's memory: 1,000 problems of 64 paths each, all in flight at once.

    python benchmarks/memory.py [--problems 1000] [--n 64] [--tokens 360] [--json FILE]

The engine is a double in this process: it waits until every path of every problem has been asked, then
answers each with `--tokens` token ids read from JSON, as a server's reply is, in steps of 60. Nothing is
finished before everything is in flight, and every problem keeps its paths until its answer is chosen: the
worst moment. Peak resident memory is the process's own (ru_maxrss); the base is taken after the imports.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
from pathlib import Path
from typing import cast

import orjson

from compute_router.engines import ScriptedEngine
from compute_router.engines.base import Extension, Request
from compute_router.engines.ids import packed
from compute_router.execute.scheduler import Scheduler, SearchJob
from compute_router.grading import Grader
from compute_router.ledger import Tokens
from compute_router.policies import Limits, Step, make
from compute_router.scoring import LogprobBaseline

STEP = 60


class Held:
    """Replies once `paths` requests wait."""

    def __init__(self, paths: int, tokens: int) -> None:
        self._paths = paths
        self._asked = 0
        self._all_asked = asyncio.Event()
        ids = orjson.dumps([40_000 + at for at in range(tokens)])
        self._reply = ids
        self.mb_in_flight = 0.0

    async def __call__(self, request: Request) -> Extension:
        self._asked += 1
        if self._asked == self._paths:
            self.mb_in_flight = peak_mb()
            self._all_asked.set()
        await self._all_asked.wait()
        ids: list[int] = orjson.loads(self._reply)
        steps = [
            Step(f"{'so it is ' * 20}{request.seed}\n\n", packed(ids[at : at + STEP]))
            for at in range(0, len(ids), STEP)
        ]
        steps[-1] = Step(f"\\boxed{{{request.seed % 3}}}", steps[-1].tokens_T)
        return Extension(tuple(steps), "stop", Tokens(prompt=200, generated=len(ids)))


class Equal:
    """Groups equal texts; the real grader's processes are not the client's memory."""

    async def classes(self, answers: tuple[str | None, ...]) -> tuple[int | None, ...]:
        return tuple(None if answer is None else answers.index(answer) for answer in answers)


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def measure(problems: int, n: int, tokens: int) -> dict[str, float]:
    base = peak_mb()
    held = Held(problems * n, tokens)
    # Slots for every path: the scheduler starts problems only while the engine has room.
    engine = ScriptedEngine(script=held, slots=problems * n)
    scheduler = Scheduler(engine, LogprobBaseline(), cast(Grader, Equal()), seed=0)
    strategy, limits = make(f"best_of_n:n={n}"), Limits()
    text = "A shop sells pens and books. " * 7
    jobs = (SearchJob(f"p{i}", f"{text}{i}", strategy.search(limits)) for i in range(problems))
    solved = 0
    async for one in scheduler.run(jobs):
        assert one.outcome is not None
        assert len(one.outcome.paths_N) == n
        solved += 1
    assert solved == problems
    return {"base_mb": base, "in_flight_mb": held.mb_in_flight, "peak_mb": peak_mb(), "paths": problems * n}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--problems", type=int, default=1000)
    parser.add_argument("--n", type=int, default=64)
    parser.add_argument("--tokens", type=int, default=360)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    figures = asyncio.run(measure(chosen.problems, chosen.n, chosen.tokens))
    for name, figure in figures.items():
        print(f"{name:<14} {figure:>10,.0f}")
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
