"""`compute-router sweep`."""

from __future__ import annotations

import shlex
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
from rich.console import Console
from rich.text import Text

from compute_router.cli.exits import DONE, SOME_FAILED
from compute_router.cli.heap import settle
from compute_router.cli.screen import Report
from compute_router.factory import Settings, build
from compute_router.io.display import plain
from compute_router.io.problem_file import read_problems
from compute_router.io.result_row import ResultRow
from compute_router.io.strategy_text import short_name
from compute_router.io.summary import Summary
from compute_router.pipeline import Router

if TYPE_CHECKING:
    from compute_router.training.sweep.arms import Arm

__all__ = ["sweep"]


def sweep(
    source: str,
    arms: Path,
    out: Path,
    settings: Settings,
    *,
    deadline_s: float | None,
    limit: int | None,
    as_json: bool,
) -> int:
    """Run every arm on every problem, write OUT/sweep.jsonl and return the exit code. Raises RouterError,
    ModelFileError."""
    from compute_router.training.sweep.arms import read_arms
    from compute_router.training.sweep.run_sweep import sweep as run
    from compute_router.training.sweep.run_sweep import sweepable

    planned = read_arms(arms)
    given = read_problems(source, limit=limit)
    problems = sweepable(given)
    console = Console(quiet=as_json, highlight=False, emoji=False, soft_wrap=True)
    if len(problems) < len(given):
        console.print(f"{len(given) - len(problems)} problems cannot be graded and are left out")
    for arm in planned:
        if arm.by is not None:
            console.print(f"{short_name(arm.spec)} is not run: {short_name(arm.by)} takes the same samples")
    with ExitStack() as stack:
        with Report(len(problems), quiet=as_json) as fetching:
            router = stack.enter_context(build(settings, progress=fetching.download))
        watcher = stack.enter_context(_Watcher(router, len(problems), planned, console, quiet=as_json))
        settle()
        swept = run(
            problems,
            planned,
            router,
            settings,
            out,
            watcher,
            source=source,
            command=_command(source, arms, out, settings, limit),
            deadline_s=deadline_s,
        )
    console.print()
    console.print(Text(plain(f"{swept.rows} rows: {swept.path}")))
    if swept.failed:
        console.print(f"{swept.failed} problems failed and are in no row", style="yellow")
    if swept.left:
        console.print(f"{swept.left} left: the time was up; the same command goes on", style="yellow")
    if as_json:
        document = {
            "file": str(swept.path),
            "rows": swept.rows,
            "failed": swept.failed,
            "left": swept.left,
            "arms": [{"spec": arm.spec, "from": arm.by} for arm in planned],
        }
        sys.stdout.write(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n")
        sys.stdout.flush()
    return SOME_FAILED if swept.failed or swept.left else DONE


def _command(source: str, arms: Path, out: Path, settings: Settings, limit: int | None) -> str:
    words = ["compute-router", "sweep", source, "--arms", str(arms), "--out", str(out)]
    words += ["--engine", settings.engine, "--prm", settings.scores, "--seed", str(settings.seed)]
    for url in settings.engine_urls:
        words += ["--engine-url", url]
    for url in settings.prm_urls:
        words += ["--prm-url", url]
    for folder in settings.recordings:
        words += ["--recording", str(folder)]
    if settings.policy_model is not None:
        words += ["--policy-model", settings.policy_model]
    if limit is not None:
        words += ["--limit", str(limit)]
    return shlex.join(words)


class _Watcher:
    """A report for every arm that is run."""

    def __init__(
        self, router: Router, problems: int, arms: tuple[Arm, ...], console: Console, *, quiet: bool
    ) -> None:
        self._router = router
        self._problems = problems
        self._run = [arm.spec for arm in arms if arm.by is None]
        self._console = console
        self._quiet = quiet
        self._report = Report(problems, quiet=quiet)
        self._stack = ExitStack()

    def __enter__(self) -> _Watcher:
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def begin(self, arm: Arm, done: int) -> None:
        at = self._run.index(arm.spec) + 1
        self._console.print(f"\narm {at} of {len(self._run)}  {short_name(arm.spec)}")
        self._report = self._stack.enter_context(Report(self._problems, quiet=self._quiet))
        self._report.start(self._router, already=done)

    def result(self, row: ResultRow) -> None:
        self._report.result(row)

    def end(self, arm: Arm, summary: Summary, seconds: float, left: int) -> None:
        self._report.finish(summary, seconds, left=left)
        self._stack.close()
