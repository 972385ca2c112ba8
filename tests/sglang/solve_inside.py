"""Solves a problem with SGLang in this program, and prints what came of it. Run by test_inside.py: SGLang
starts its processes by importing the main module again."""

from __future__ import annotations

import json
import os
import signal
import sys

import psutil

from compute_router.decide.table import load_table
from compute_router.difficulty import load
from compute_router.engines.sglang import Inside, SGLangEngine
from compute_router.errors import EngineError
from compute_router.io.data_files import data_path
from compute_router.pipeline import Router
from compute_router.policies import Limits, make
from compute_router.problem import Problem
from compute_router.scoring import LogprobBaseline
from compute_router.solve_options import SolveOptions

OPTIONS = {
    "device": "cpu",
    "attention_backend": "torch_native",
    "sampling_backend": "pytorch",
    "disable_overlap_schedule": True,
    "disable_custom_all_reduce": True,
    "grammar_backend": "none",
    "mem_fraction_static": 0.3,
    "max_total_tokens": 16384,
    "max_running_requests": 32,
}


def _left() -> list[str]:
    """The processes of this one, but for the one in which Python counts its own semaphores."""
    children = psutil.Process(os.getpid()).children(recursive=True)
    living = [child for child in children if child.status() != psutil.STATUS_ZOMBIE]
    lines = [" ".join(child.cmdline()) for child in living]
    return [line for line in lines if "resource_tracker" not in line]


def main() -> None:
    handler = signal.getsignal(signal.SIGTERM)
    try:
        inside = Inside(sys.argv[1], **OPTIONS)
    except EngineError as error:
        print(json.dumps({"refused": str(error), "left": _left()}))
        return
    engine = SGLangEngine(inside, inside.served, name=inside.served.name, params=100_000)
    predictor = load(data_path("difficulty/manifest.json").parent)
    limits = Limits(step_tokens=32, path_tokens=64, steps=4)
    with Router(
        engine, LogprobBaseline(), predictor, load_table(data_path("table.json")), limits=limits
    ) as router:
        problems = [Problem(f"p{i}", f"What is {i} + 5?", str(i + 5)) for i in range(3)]
        results = list(router.solve_many(problems, SolveOptions(strategy=make("beam:n=4,m=2"))))
    found = {
        "model": inside.served.name,
        "errors": [str(result.error) for result in results if result.error],
        "cached": [result.ledger.policy.cached / result.ledger.policy.prompt for result in results],
        "generated": [result.ledger.policy.generated for result in results],
        "left": _left(),
        "signals": signal.getsignal(signal.SIGTERM) == handler,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
