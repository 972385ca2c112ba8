"""What the benchmarks that solve share: their options, and one resumable run by the real command."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path


def options(description: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("problems")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/compare"))
    return parser.parse_args()


def solve(chosen: argparse.Namespace, name: str, strategy: str) -> Path:
    """`compute-router solve` into the run directory `name`; exits where the command could not run."""
    out: Path = chosen.out / name
    command = [sys.executable, "-m", "compute_router", "solve", chosen.problems]
    command += ["--strategy", strategy, "--out", str(out), "--seed", str(chosen.seed)]
    command += [] if chosen.limit is None else ["--limit", str(chosen.limit)]
    print(f"== {name}: {strategy}", flush=True)
    if subprocess.run(command, check=False).returncode not in (0, 1):
        sys.exit(2)
    return out
