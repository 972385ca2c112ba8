"""This scheduler against the peers' patterns of execution, on the same trajectories, in virtual time.

    python benchmarks/scheduler.py [--problems N] [--seed S] [--quick] [--json FILE]

Everything is modelled: two H100s, one with a 3B policy model and one with an 8B PRM, whose constants come
from published figures (benchmarks/virtual/cost.py, client.py). Real are the searches and this scheduler,
which runs unchanged on a virtual clock. What a child of a path is like hangs on (problem, path, child)
alone, so every pattern must find the same outcome for every problem; otherwise the run fails.

T* is what no pattern can beat (benchmarks/virtual/bound.py). The exit code is 1 where outcomes differ.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from pathlib import Path

from virtual.contest import Contest, Disagreement, Result
from virtual.cost import H100, POLICY, PRM, Limits, pool_tokens
from virtual.peers import ItsHub, Pattern, Rebase, SearchAndLearn, Workers
from virtual.rig import TAG
from virtual.world import World

SLOTS = 384
"""Paths that the scheduler is told its engine decodes side by side."""
PROBLEMS = 512
"""Twice as many for T/T* at N = 16, half of them at N = 64: fewer would measure the end of a run, when the
last long problem, 26 s at the least, has the machine for itself."""

PEERS: dict[str, Pattern] = {
    "search-and-learn beam": SearchAndLearn(1),
    "its_hub": ItsHub(1),
    "compute-optimal-tts": Workers(12),
    "OpenR": Workers(32),
    "REBASE, 8 in flight": Rebase(8),
    "REBASE, 64 in flight": Rebase(64),
}
TUNED = "REBASE, 64 in flight"
"""The fastest peer there is: more workers help none of the others, whose PRM is never idle."""
TARGETS: dict[str, tuple[str, float]] = {
    "t_over_tstar_n16": ("<=", 1.10),
    "t_over_tstar_n64": ("<=", 1.10),
    "speed_vs_cotts": (">=", 10.0),
    "speed_vs_openr": (">=", 10.0),
    "speed_vs_sal_beam": (">=", 12.0),
    "speed_vs_its_hub": (">=", 12.0),
    "speed_vs_rebase8": (">=", 2.0),
    "speed_vs_best_tuned": (">=", 1.0),
    "prm_tokens_per_generated": ("<=", 1.25),
    "wasted_after_cancel": ("<=", 0.02),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--problems", type=int, default=PROBLEMS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="24 problems: a trial, not the figures")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    problems = 24 if options.quick else options.problems
    constants()
    began = time.process_time()
    gc.set_threshold(200_000)  # millions of tuples live to the end: looking through them often is in vain
    try:
        figures = measure(problems, options.seed)
    except Disagreement as error:
        print(f"the run is void: {error}", file=sys.stderr)
        return 1
    print(f"\n{'modelled figure':<28}{'':>10}  target")
    for name, (sign, target) in TARGETS.items():
        met = figures[name] <= target if sign == "<=" else figures[name] >= target
        print(f"{name:<28}{figures[name]:>10.3f}  {sign} {target:<6g}{'' if met else '  missed'}")
    print(f"\n{problems} problems, seed {options.seed}; {time.process_time() - began:.0f} s of CPU")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 0


def measure(problems: int, seed: int) -> dict[str, float]:
    """All figures. Raises Disagreement."""
    world = World(seed)
    long = Contest("beam:n=16,m=4", 2 * problems, seed, world)
    head(long)
    ours_long = show(long, long.ours(SLOTS))

    narrow = Contest("beam:n=16,m=4", problems, seed, world)
    head(narrow)
    ours = show(narrow, narrow.ours(SLOTS))
    peers = {name: show(narrow, narrow.peer(name, pattern)).seconds for name, pattern in PEERS.items()}
    wasted, cut = narrow.wasted(SLOTS, ours.latency_s or 0.0)
    print(
        f"  with deadlines: {cut} of {problems} problems cut, {wasted:.2%} of the tokens written for nobody"
    )

    trees = Contest("dvts:n=16,m=4", problems, seed, world)
    head(trees)
    show(trees, trees.ours(SLOTS))
    show(trees, trees.peer("search-and-learn DVTS, 25", SearchAndLearn(25)))

    wide = Contest("beam:n=64,m=16", max(1, problems // 2), seed, world)
    head(wide)
    ours_wide = show(wide, wide.ours(SLOTS))
    tuned_wide = show(wide, wide.peer(TUNED, PEERS[TUNED])).seconds

    return {
        "t_over_tstar_n16": ours_long.seconds / long.best_s,
        "t_over_tstar_n64": ours_wide.seconds / wide.best_s,
        "speed_vs_cotts": peers["compute-optimal-tts"] / ours.seconds,
        "speed_vs_openr": peers["OpenR"] / ours.seconds,
        "speed_vs_sal_beam": peers["search-and-learn beam"] / ours.seconds,
        "speed_vs_its_hub": peers["its_hub"] / ours.seconds,
        "speed_vs_rebase8": peers["REBASE, 8 in flight"] / ours.seconds,
        "speed_vs_best_tuned": min(min(peers.values()) / ours.seconds, tuned_wide / ours_wide.seconds),
        "prm_tokens_per_generated": ours.prm_per_generated,
        "wasted_after_cancel": wasted,
    }


def constants() -> None:
    """What is modelled, in words."""
    limits = Limits()
    print("modelled, not measured: virtual time, two GPUs")
    for model in (POLICY, PRM):
        pool = pool_tokens(H100, model, limits)
        print(f"  {H100.name}, {model.name}: {model.params / 1e9:.2f}e9 parameters, KV pool {pool:,} tokens")
    print(
        f"  {H100.bandwidth / 1e12:.2f} TB/s and {H100.flops / 1e12:.0f} TFLOPS reached;"
        f" an iteration: {limits.chunk} prefill tokens, {limits.running} sequences,"
        f" {1e3 * limits.overhead_s:.1f} ms of overhead; {TAG} tokens of PRM template a step"
    )


def head(contest: Contest) -> None:
    bounds = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in contest.bounds.items())
    print(f"\n{contest.spec}, {contest.problems} problems, modelled; T* = {contest.best_s:.1f} s ({bounds})")
    columns = ("T s", "T/T*", "policy busy", "PRM busy", "decoding", "PRM/gen", "latency s")
    print(f"{'':<30}" + "".join(f"{column:>12}" for column in columns), flush=True)


def show(contest: Contest, result: Result, name: str | None = None) -> Result:
    cells = (
        f"{result.seconds:.1f}",
        f"{result.seconds / contest.best_s:.2f}",
        f"{result.policy_busy:.0%}",
        f"{result.prm_busy:.0%}",
        f"{result.batch:.0f}",
        f"{result.prm_per_generated:.3f}",
        "" if result.latency_s is None else f"{result.latency_s:.1f}",
    )
    print(f"{name or result.name:<30}" + "".join(f"{cell:>12}" for cell in cells), flush=True)
    return result


if __name__ == "__main__":
    sys.exit(main())
