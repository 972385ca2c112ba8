"""Runs compute-router with the scripted engine slowed down, as often as it is told, and kills it as told.

    kill_driver.py DELAY_S SLOTS

Each line of standard input is a JSON object {"arguments": [...], "signal": S, "after": SECONDS}: the command
runs in a process of its own, which gets signal S so many seconds after its start (S null: it is left
alone). The answer is a line {"status": N, "seconds": T}; N is the exit code, or -S.

The processes are forked from this one, which has imported what takes seconds to import: a test can afford
many of them, and their whole life is work.
"""

from __future__ import annotations

import json
import os
import sys
import time
from functools import partial
from importlib import import_module

import skops.io  # noqa: F401

from compute_router.cli import app, main, solve  # noqa: F401


def run(arguments: list[str], signal: int | None, after: float) -> dict[str, float]:
    entered, enter = os.pipe()
    process = os.fork()
    if process == 0:
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(0, 1)
        os.write(enter, b".")
        main(arguments)
    os.read(entered, 1)
    os.close(entered)
    os.close(enter)
    start = time.monotonic()
    if signal is not None:
        time.sleep(after)
        # Not waited for yet, so the id is still its own, even if it has ended.
        os.kill(process, signal)
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    return {"status": status, "seconds": time.monotonic() - start}


if __name__ == "__main__":
    delay_s, slots = sys.argv[1:]
    build = import_module("compute_router.factory")
    build.SCRIPTED_DELAY_S = float(delay_s)  # type: ignore[attr-defined]
    build.ScriptedEngine = partial(build.ScriptedEngine, slots=int(slots))  # type: ignore[attr-defined]
    for line in sys.stdin:
        print(json.dumps(run(**json.loads(line))), flush=True)
