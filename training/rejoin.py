"""Gives a compact sweep its problem texts back, as rollouts that the difficulty predictor is fitted on.

    python -m training.rejoin SWEEP... --data ../shared/data --out runs/rollouts.jsonl

Writes the rows of training/difficulty/rollouts.py. A single greedy solution is no sample and is left out.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from training.jsonl import write_jsonl
from training.sweep import read_sweep
from training.workload import workload

__all__: list[str] = []


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sweeps", nargs="+", type=Path, metavar="SWEEP")
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--out", required=True, type=Path)
    options = parser.parse_args()
    texts = {row["id"]: row["problem"] for row in workload(options.data)}
    sampled = [one for path in options.sweeps for one in read_sweep(path) if len(one.samples) > 1]
    write_jsonl(
        options.out,
        (
            {
                "problem": texts[one.id],
                "policy_model": one.policy_model,
                "params": one.params,
                "n": len(one.samples),
                "n_correct": one.n_correct,
            }
            for one in sampled
        ),
    )
    print(f"{len(sampled)} problems -> {options.out}")


if __name__ == "__main__":
    main()
