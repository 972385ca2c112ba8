"""Greedy, fixed best-of-8 and the router side by side on the same problems, with the real model.

    python benchmarks/compare.py PROBLEMS [--limit N] [--out DIR]

Each arm is a resumable run in DIR, made by the same `compute-router solve` that anyone would type. Prints
accuracy, tokens, FLOPs and seconds, and their ratios to best-of-8. Seconds are wall time on this machine:
only their ratio means something.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ARMS = {"greedy": "greedy", "best-of-8": "best_of_n:n=8,aggregate=mean", "router": "auto"}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("problems")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/compare"))
    options = parser.parse_args()
    rows = {
        name: run(options.problems, spec, options.out / name, options.seed, options.limit)
        for name, spec in ARMS.items()
    }
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


def run(problems: str, spec: str, out: Path, seed: int, limit: int | None) -> dict[str, Any]:
    """One arm, from its run directory; tokens are those that count against a budget, FLOPs are policy + PRM
    net of cached prefixes, seconds from the first start to the end (kept beside the run)."""
    command = [sys.executable, "-c", "from router.cli import main; main()", "solve", problems]
    command += ["--strategy", spec, "--out", str(out), "--seed", str(seed)]
    command += [] if limit is None else ["--limit", str(limit)]
    print(f"== {spec}", flush=True)
    start = time.monotonic()
    if subprocess.run(command, check=False).returncode == 2:
        sys.exit(2)
    clock = out / "seconds"
    seconds = float(clock.read_text()) if clock.exists() else time.monotonic() - start
    clock.write_text(f"{seconds}")
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
