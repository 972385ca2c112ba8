"""Runs a sweep with the scripted engine and kills itself where it is told to.

    sweep_driver.py PROBLEMS ARMS OUT TABLE

Each line of standard input is a whole number k: a forked process runs the sweep and, where k > 0, dies by
SIGKILL at its k-th row (with half of the line written, for odd k). The answer is a line with its exit
status, or minus the signal.
"""

from __future__ import annotations

import os
import signal
import sys
from functools import cache
from importlib import import_module
from pathlib import Path

import orjson
import skops.io  # noqa: F401

import compute_router.training.sweep.run_sweep  # noqa: F401
from compute_router.cli.sweep import sweep
from compute_router.factory import Settings


def run(kill_at: int, problems: str, arms: Path, out: Path, table: Path) -> int:
    process = os.fork()
    if process == 0:
        os.dup2(os.open(os.devnull, os.O_RDWR), 1)
        written = 0
        dumps = orjson.dumps

        class Orjson:
            """Counts the rows that a run writes."""

            OPT_INDENT_2 = orjson.OPT_INDENT_2
            JSONDecodeError = orjson.JSONDecodeError
            loads = staticmethod(orjson.loads)

            @staticmethod
            def dumps(row: object, option: int | None = None) -> bytes:
                nonlocal written
                line = dumps(row, option=option)
                if isinstance(row, dict) and "ledger" in row and "paths" in row:
                    written += 1
                    if written == kill_at:
                        if kill_at % 2:
                            _tear(out, line)
                        os.kill(os.getpid(), signal.SIGKILL)
                return line

        setattr(import_module("compute_router.io.run_directory"), "orjson", Orjson)  # noqa: B010
        settings = Settings("scripted", table=table)
        code = sweep(problems, arms, out, settings, deadline_s=None, limit=None, as_json=False)
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def _tear(out: Path, line: bytes) -> None:
    newest = max(out.glob("*/results.jsonl"), key=lambda path: path.stat().st_mtime_ns)
    with newest.open("ab") as file:
        file.write(line[: len(line) // 2])


if __name__ == "__main__":
    problems, arms, out, table = sys.argv[1:]
    assemble = import_module("compute_router.factory")
    assemble.load = cache(assemble.load)  # type: ignore[attr-defined]
    assemble.load(Settings("scripted").predictor_path)
    assemble.SCRIPTED_DELAY_S = 0.0  # type: ignore[attr-defined]
    for order in sys.stdin:
        print(run(int(order), problems, Path(arms), Path(out), Path(table)), flush=True)
