"""The workloads of the embedded models' sweeps: sums that we generate, GSM8K and MATH problems by seed.

    python -m research workload NAME --data ../shared/data --out runs/NAME.jsonl

| name | drawn from | for |
|---|---|---|
| pilot | training splits | the first small sweep |
| prm | training splits | rollouts that the embedded PRM learns from |
| held-out | test splits | the sweep that table and router are judged on |
| prm-1.5b | training splits, competition problems for sums | the PRM of the larger model |
| held-out-1.5b | test splits, the same | what the larger model is judged on |

What is learned here has seen no test split, with one exception. The shipped difficulty predictor is fitted
on the public logs of other models, some of them on test splits; configs/difficulty-base is not.

The problems of the data sets are for fitting only and are never committed. Their ids name the row of their
file, so that a sweep without texts can be joined again.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from compute_router.errors import InputError
from compute_router.problem import reference
from research.workloads.arithmetic_problems import arithmetic_problems, interval
from research.workloads.jsonl import read_jsonl, write_jsonl

__all__ = ["WORKLOADS", "Workload", "known_problems", "problem_texts", "workload", "write_workload"]

EASIER_LEVELS = (1, 2, 3)
MAX_CHARS = 600


@dataclass(frozen=True, slots=True)
class Workload:
    """How many problems of each kind are drawn. Sums of one `sums_seed` are of no other."""

    split: Literal["train", "test"]
    seed: int
    sums: int
    sums_seed: int
    gsm8k: int
    math: int


WORKLOADS = {
    "pilot": Workload("train", seed=5, sums=84, sums_seed=0, gsm8k=42, math=14),
    "prm": Workload("train", seed=11, sums=126, sums_seed=1, gsm8k=130, math=0),
    "held-out": Workload("test", seed=12, sums=147, sums_seed=2, gsm8k=153, math=0),
    "prm-1.5b": Workload("train", seed=14, sums=0, sums_seed=3, gsm8k=60, math=60),
    "held-out-1.5b": Workload("test", seed=13, sums=0, sums_seed=3, gsm8k=60, math=60),
}


def workload(name: str, data: Path) -> list[dict[str, Any]]:
    """The problems in their order: every prefix of it is a mixed sample. Raises InputError where no workload
    has that name, and OSError where a file of `data` is missing."""
    if name not in WORKLOADS:
        raise InputError(f"no workload is called {name!r}: there are {', '.join(WORKLOADS)}")
    drawn = WORKLOADS[name]
    rng = random.Random(drawn.seed)
    rows: list[dict[str, Any]] = [
        {key: row[key] for key in ("id", "problem", "answer")}
        for row in arithmetic_problems(interval("2-8"), interval("1-3"), drawn.sums, seed=drawn.sums_seed)
    ]
    gsm8k = list(_gsm8k(drawn.split, data))
    rows += [gsm8k[at] for at in rng.sample(range(len(gsm8k)), drawn.gsm8k)]
    math = list(_math(drawn.split, data))
    short = [
        at
        for at, (level, row) in enumerate(math)
        if level in EASIER_LEVELS and len(row["problem"]) < MAX_CHARS
    ]
    rows += [math[at][1] for at in rng.sample(short, drawn.math)]
    rng.shuffle(rows)
    return rows


def known_problems(data: Path) -> dict[str, dict[str, Any]]:
    """Every problem of the data sets and of the workloads by id, its answer as a run's row has it."""
    found = {row["id"]: row for name in WORKLOADS for row in workload(name, data)}
    for split in ("train", "test"):
        found |= {row["id"]: row for row in (*_gsm8k(split, data), *(row for _, row in _math(split, data)))}
    return {name: {**row, "answer": reference(row["answer"])} for name, row in found.items()}


def problem_texts(data: Path) -> dict[str, str]:
    """Their texts by id."""
    return {name: row["problem"] for name, row in known_problems(data).items()}


def _gsm8k(split: str, data: Path) -> Iterator[dict[str, Any]]:
    for at, row in enumerate(read_jsonl(data / "problems" / f"gsm8k_{split}.jsonl")):
        yield {"id": f"gsm8k-{split}-{at}", "problem": row["question"], "answer": row["answer"]}


def _math(split: str, data: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Level and problem; of the test split the 500 that everybody reports."""
    if split == "train":
        for at, row in enumerate(read_jsonl(data / "problems" / "math_train7474_levels.jsonl")):
            named = {"id": f"math-train-{at}", "problem": row["problem"], "answer": str(row["answer"])}
            yield int(row["difficulty"]), named
    else:
        for row in read_jsonl(data / "problems" / "math500.jsonl"):
            named = {"id": row["unique_id"], "problem": row["problem"], "answer": str(row["answer"])}
            yield int(str(row["level"]).removeprefix("Level ")), named


def write_workload(name: str, data: Path, out: Path) -> None:
    """Writes the problems of the workload as JSONL to the file `out`. Raises what `workload` raises."""
    rows = workload(name, data)
    write_jsonl(out, rows)
    print(f"{len(rows)} problems -> {out}")
