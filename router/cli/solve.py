"""`compute-router solve`."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson

from compute_router.cli.exits import DONE, SOME_FAILED
from compute_router.cli.heap import settle
from compute_router.cli.screen import Report
from compute_router.execute.search_job import Caps, check_deadline
from compute_router.factory import Settings, build, run_config
from compute_router.io.run_directory import Run
from compute_router.io.summary import summarize
from compute_router.policies import make, spec
from compute_router.problem import read_problems
from compute_router.result import row_of

__all__ = ["solve"]


def solve(
    source: str,
    settings: Settings,
    strategy: str,
    *,
    budget: int | None,
    average_budget: float | None,
    deadline_s: float | None,
    caps: Caps,
    limit: int | None,
    out: Path | None,
    as_json: bool,
) -> int:
    """Solve what `source` names and return the exit code. Raises RouterError, SpecError, ModelFileError."""
    check_deadline("deadline", deadline_s)
    given = None if strategy == "auto" else make(strategy)
    problems = read_problems(source, limit=limit)
    report = Report(len(problems), quiet=as_json)
    with ExitStack() as stack:
        stack.enter_context(report)
        router = stack.enter_context(build(settings, progress=report.download))
        run: Run | None = None
        rows: list[dict[str, Any]] = []
        if out is not None:
            name = "auto" if given is None else spec(given)
            config = run_config(
                router,
                settings,
                problems,
                strategy=name,
                budget=budget,
                average_budget=average_budget,
                deadline_s=deadline_s,
            )
            run = stack.enter_context(Run(out, config))
            rows = list(run.rows()) if as_json else []
        report.start(router, already=len(run.done) if run else 0)
        waiting = [problem for problem in problems if run is None or problem.id not in run.done]
        settle()
        began = time.monotonic()
        left = len(waiting)
        for result in router.solve_many(
            waiting,
            strategy=given,
            budget=budget,
            average_budget=average_budget,
            workload=problems,  # all of them, so that a run that goes on decides as it began
            deadline_s=deadline_s,
            caps=caps,
        ):
            left -= 1
            row = row_of(result)
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
