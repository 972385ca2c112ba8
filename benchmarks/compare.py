"""Greedy, fixed best-of-8 and the router side by side on the same problems, with the real model.

    python benchmarks/compare.py PROBLEMS [--limit N] [--out DIR]

Each arm is a resumable run in DIR, made by the same `compute-router solve` that anyone would type. Prints
accuracy, tokens, FLOPs and seconds, and their ratios to best-of-8. Seconds are wall time on this machine:
only their ratio means something.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

from solving import options, solve

ARMS = {"greedy": "greedy", "best-of-8": "best_of_n:n=8,aggregate=mean", "router": "auto"}


def main() -> None:
    chosen = options(__doc__ or "")
    rows = {name: run(chosen, name, spec) for name, spec in ARMS.items()}
    base = rows["best-of-8"]
    head = ("right", "tokens", "of BoN", "FLOPs", "of BoN", "seconds of BoN")
    print(f"\n{'arm':<10}" + "".join(f"{word:>15}" for word in head))
    for name, row in rows.items():
        cells = (
            f"{row['correct']}/{row['graded']}",
            f"{row['tokens']:,}",
            f"{row['tokens'] / base['tokens']:.2f}",
            f"{row['flops']:.2e}",
            f"{row['flops'] / base['flops']:.2f}",
            f"{row['seconds'] / base['seconds']:.2f}",
        )
        print(f"{name:<10}" + "".join(f"{cell:>15}" for cell in cells))


def run(chosen: argparse.Namespace, name: str, spec: str) -> dict[str, Any]:
    """One arm; tokens are those that count against a budget, FLOPs are policy + PRM net of cached prefixes,
    seconds are those of the call that finished the run (kept beside it)."""
    start = time.monotonic()
    out = solve(chosen, name, spec)
    clock = out / "seconds"
    if not clock.exists():
        clock.write_text(f"{time.monotonic() - start}")
    seconds = float(clock.read_text())
    summary = json.loads((out / "summary.json").read_text())
    policy, prm = summary["ledger"]["policy"], summary["ledger"]["prm"]
    return {
        "correct": summary["correct"],
        "graded": summary["graded"],
        "tokens": policy["generated_tokens"] + prm["prompt_tokens"] - prm["cached_tokens"],
        "flops": summary["ledger"]["flops"]["net"],
        "seconds": seconds,
    }


if __name__ == "__main__":
    main()
