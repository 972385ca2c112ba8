"""Training on a large sweep: seconds and peak memory.

    python benchmarks/train.py [--problems 10000] [--arms 20] [--json FILE]

Writes a sweep of problems x arms rows (outcomes drawn, arms that cross by difficulty, texts whose length
tells some of it) to a temporary directory, then runs `compute-router train` on it in a process of its own.
Prints its seconds, its CPU seconds and its peak resident memory (ru_maxrss).
"""

from __future__ import annotations

import argparse
import json
import math
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from compute_router.training.sweep.record import Record, write_records

sys.path.append(str(Path(__file__).parents[1]))  # research/ is not installed
from research.workloads.arithmetic_problems import arithmetic_problem

KINDS = (
    ("majority:n={n}", 0.0, 0.5),
    ("best_of_n:n={n},select=weighted,aggregate=min", 0.1, 0.6),
    ("beam:n={n},m=4", -0.2, 0.9),
    ("dvts:n={n},m=4", 0.0, 0.75),
)
"""Spec, logits above one sample whatever the problem, and logits a doubling of n."""


def arms(count: int) -> list[tuple[str, int, float, float]]:
    found = [("greedy", 1, 0.0, 0.0)]
    n = 4
    while len(found) < count:
        found += [(kind.format(n=n), n, start, gain) for kind, start, gain in KINDS]
        n *= 2
    return found[:count]


def records(problems: int, count: int) -> Iterator[Record]:
    rng = random.Random(0)
    chosen = arms(count)
    for at in range(problems):
        terms = rng.randint(2, 12)
        problem = arithmetic_problem(terms, 1 + at % 4, at)
        ease = rng.gauss(1.5 - 0.4 * (terms - 2), 1.0)
        for spec, n, start, gain in chosen:
            p = 1 / (1 + math.exp(-(ease + start + gain * math.log2(n) * (ease > -3))))
            tokens = round(n * 40 * terms * rng.uniform(0.8, 1.2))
            prm = "some-prm" if spec.partition(":")[0] not in ("greedy", "majority") else None
            yield Record(
                problem_id=problem["id"],
                policy_model="some-model-1b",
                arm=spec,
                correct=rng.random() < p,
                problem=problem["problem"],
                gold=problem["answer"],
                params=10**9,
                prm=prm,
                prm_params=7 * 10**9 if prm else None,
                seed=0,
                tokens=tokens,
                prm_tokens=tokens if prm else 0,
                source="benchmarks/train.py",
            )


def measure(problems: int, count: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as temporary:
        sweep = Path(temporary) / "sweep.jsonl"
        rows = write_records(sweep, records(problems, count))
        began = time.monotonic()
        subprocess.run(
            [
                sys.executable,
                "-m",
                "compute_router",
                "train",
                str(sweep),
                "--out",
                str(Path(temporary) / "out"),
            ],
            check=True,
        )
        seconds = time.monotonic() - began
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return {
            "problems": problems,
            "arms": count,
            "rows": rows,
            "sweep MB": sweep.stat().st_size / 1e6,
            "seconds": seconds,
            "CPU seconds": children.ru_utime + children.ru_stime,
            "peak MB": children.ru_maxrss / 1024,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--problems", type=int, default=10_000)
    parser.add_argument("--arms", type=int, default=20)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    figures = measure(chosen.problems, chosen.arms)
    for name, figure in figures.items():
        print(f"{name:<12} {figure:>10,.0f}")
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
