"""The workload of the embedded model's sweep: sums that we generate, GSM8K and MATH problems by seed.

    python -m training.workload --data ../shared/data --out runs/workload.jsonl

The problems of the data sets are for fitting only and are never committed; their ids name the row of the
training file, so that a sweep without texts can be joined again. Only training splits are drawn from.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path
from typing import Any

from training.arithmetic import arithmetic_problems, interval
from training.jsonl import read_jsonl, write_jsonl

__all__ = ["workload"]

SUMS, WORD_PROBLEMS, COMPETITION = 84, 42, 14
SEED = 5
EASIER_LEVELS = (1, 2, 3)
MAX_CHARS = 600


def workload(data: Path) -> list[dict[str, Any]]:
    """The problems in their order: every prefix of it is a mixed sample."""
    rng = random.Random(SEED)
    rows: list[dict[str, Any]] = [
        {key: row[key] for key in ("id", "problem", "answer")}
        for row in arithmetic_problems(interval("2-8"), interval("1-3"), SUMS, seed=0)
    ]
    gsm8k = list(read_jsonl(data / "problems" / "gsm8k_train.jsonl"))
    for at in rng.sample(range(len(gsm8k)), WORD_PROBLEMS):
        rows.append(
            {"id": f"gsm8k-train-{at}", "problem": gsm8k[at]["question"], "answer": gsm8k[at]["answer"]}
        )
    math = list(read_jsonl(data / "problems" / "math_train7474_levels.jsonl"))
    short = [
        at
        for at, row in enumerate(math)
        if row["difficulty"] in EASIER_LEVELS and len(row["problem"]) < MAX_CHARS
    ]
    for at in rng.sample(short, COMPETITION):
        rows.append(
            {"id": f"math-train-{at}", "problem": math[at]["problem"], "answer": str(math[at]["answer"])}
        )
    rng.shuffle(rows)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--out", required=True, type=Path)
    options = parser.parse_args()
    rows = workload(options.data)
    write_jsonl(options.out, rows)
    print(f"{len(rows)} problems -> {options.out}")


if __name__ == "__main__":
    main()
