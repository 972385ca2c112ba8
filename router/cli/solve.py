"""`compute-router solve`."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from pathlib import Path

import orjson

from compute_router.cli.exits import DONE, SOME_FAILED
from compute_router.cli.heap import settle
from compute_router.cli.screen import Report
from compute_router.factory import Settings, build
from compute_router.io.problem_file import read_problems
from compute_router.io.result_row import ResultRow, result_row
from compute_router.io.run_config import run_config
from compute_router.io.run_directory import Run
from compute_router.io.summary import summarize
from compute_router.solve_options import SolveOptions

__all__ = ["solve"]


def solve(
    source: str,
    settings: Settings,
    options: SolveOptions,
    *,
    limit: int | None,
    out: Path | None,
    as_json: bool,
) -> int:
    """Solve what `source` names and return the exit code. Raises RouterError, ModelFileError."""
    problems = read_problems(source, limit=limit)
    report = Report(len(problems), quiet=as_json)
    with ExitStack() as stack:
        stack.enter_context(report)
        router = stack.enter_context(build(settings, progress=report.download))
        run: Run | None = None
        rows: list[ResultRow] = []
        if out is not None:
            run = stack.enter_context(Run(out, run_config(router, settings, problems, options)))
            rows = list(run.rows()) if as_json else []
        report.start(router, already=len(run.done) if run else 0)
        waiting = [problem for problem in problems if run is None or problem.id not in run.done]
        settle()
        began = time.monotonic()
        left = len(waiting)
        # All problems share an average budget, so that a run that goes on decides as it began.
        for result in router.solve_many(waiting, options, workload=problems):
            left -= 1
            row = result_row(result)
            if run is not None:
                run.append(row)
            if as_json or run is None:
                rows.append(row)
            report.result(row)
        seconds = time.monotonic() - began
        summary = run.finish() if run else summarize(rows)
        report.finish(summary, seconds, left=left)
        if as_json:
            document = orjson.dumps(
                {"results": rows, "summary": summary, "left": left}, option=orjson.OPT_INDENT_2
            )
            sys.stdout.write(document.decode() + "\n")
            sys.stdout.flush()
    return SOME_FAILED if summary["failed"] or left else DONE
