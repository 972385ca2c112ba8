"""Arms by problems: every arm solves the same problems, each in a run directory of its own.

    OUT/<arm>/                config.json, results.jsonl, summary.json (compute_router.io.run_directory)
    OUT/sweep.jsonl           a training.sweep.record.Record for each problem of each run, when all have ended
    OUT/sweep.manifest.json   inputs, seed, command, versions, all arms, and the hash of the rows

A sweep can be killed at any moment and continued by the same command; arms can be added to it.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Protocol

import orjson

from compute_router.difficulty.whole_file import write_whole
from compute_router.errors import InputError, RunError
from compute_router.execute.search_job import Caps, check_number
from compute_router.factory import Settings
from compute_router.grading import Grader
from compute_router.io.result_row import ResultRow, result_row
from compute_router.io.run_config import run_config
from compute_router.io.run_directory import Run
from compute_router.io.summary import Summary
from compute_router.pipeline import Router
from compute_router.problem import Problem
from compute_router.solve_options import SolveOptions
from compute_router.training.sweep.arms import Arm
from compute_router.training.sweep.record import Record, write_records
from compute_router.training.sweep.run_to_records import Origin, record_of

__all__ = ["SweepSummary", "Watcher", "sweep", "sweepable"]

ROWS, MANIFEST = "sweep.jsonl", "sweep.manifest.json"


class Watcher(Protocol):
    """Who is told how it goes, arm by arm."""

    def begin(self, arm: Arm, done: int) -> None:
        """An arm starts, or goes on after `done` problems."""

    def result(self, row: ResultRow) -> None:
        """A problem was done."""

    def end(self, arm: Arm, summary: Summary, seconds: float, left: int) -> None:
        """An arm has ended, with `left` problems not started."""


@dataclass(frozen=True, slots=True)
class SweepSummary:
    """What a session came to. `left`: problems times arms that are still to do, as the time was up;
    `failed`: those that ended in an error and are in no row."""

    path: Path
    rows: int
    failed: int
    left: int


def sweepable(problems: Sequence[Problem]) -> list[Problem]:
    """The problems that can be graded. Raises InputError where there are none."""
    some = [problem for problem in problems if problem.error is None and problem.gold is not None]
    if not some:
        raise InputError(
            "no problem has a reference answer ('answer' or 'solution'): a sweep is graded against it"
        )
    return some


def sweep(
    problems: Sequence[Problem],
    arms: Sequence[Arm],
    router: Router,
    settings: Settings,
    out: Path,
    watcher: Watcher,
    *,
    source: str,
    command: str,
    deadline_s: float | None = None,
) -> SweepSummary:
    """Run the arms one after another and write the rows. `problems`: all of them `sweepable`.

    `deadline_s` ends the session: what is in flight then is done again by the next one, and the rows are
    those of what was finished. Raises RunError: another process, a changed configuration (seed, problems,
    weights, versions), a disk that is full; EngineError where the engine does not start.
    """
    check_number("session's deadline", deadline_s, "seconds")
    versions = _versions(settings)
    end = None if deadline_s is None else time.monotonic() + deadline_s
    left = 0
    for arm in arms:
        if arm.by is None:
            config = run_config(router, settings, problems, SolveOptions(strategy=arm.strategy))
            with Run(out / folder(arm.spec), {**config, "versions": versions}) as run:
                left += _run(run, arm, problems, router, watcher, end)
    origin = Origin(
        router.engine.model.name,
        router.engine.model.params,
        router.scorer.name,
        router.scorer.params,
        settings.seed,
        {
            "compute-router": metadata.version("compute-router"),
            **versions,
            "weights": router.engine.model.fingerprint,
        },
    )
    records, failed = asyncio.run(_records([p.id for p in problems], arms, origin, out))
    return _written(out, records, failed, left, arms, problems, origin, source, command)


def folder(spec: str) -> str:
    """The name of an arm's run directory."""
    return re.sub(r"[^\w.]+", "-", spec)


def _run(
    run: Run,
    arm: Arm,
    problems: Sequence[Problem],
    router: Router,
    watcher: Watcher,
    end: float | None,
) -> int:
    """Solve what is not done; the number of problems that are left."""
    waiting = [problem for problem in problems if problem.id not in run.done]
    began = time.monotonic()
    seconds = None if end is None else end - began
    if not waiting and not (run.folder / "summary.json").exists():
        run.finish()  # a kill came between the last problem and the summary
    if not waiting or (seconds is not None and seconds <= 0):
        return len(waiting)
    watcher.begin(arm, len(run.done))
    options = SolveOptions(strategy=arm.strategy, caps=Caps(seconds=seconds))
    for result in router.solve_many(waiting, options):
        # Cut short by the session's end: not what the arm does with this problem.
        if result.degraded is not None and end is not None and time.monotonic() >= end:
            continue
        row = result_row(result)
        run.append(row)
        watcher.result(row)
    left = len(waiting) - sum(problem.id in run.done for problem in waiting)
    watcher.end(arm, run.finish(), time.monotonic() - began, left)
    return left


async def _records(
    ids: Sequence[str], arms: Sequence[Arm], origin: Origin, out: Path
) -> tuple[list[Record], int]:
    """The rows of the arms that were run, by arm and problem in the order of the inputs; how many failed."""
    place = {problem: at for at, problem in enumerate(ids)}
    position = {arm.spec: at for at, arm in enumerate(arms)}
    found: list[Record] = []
    failed = 0
    with Grader(workers=2) as grader:
        for arm in arms:
            if arm.by is not None:
                continue
            name = folder(arm.spec)
            for row in _rows(out / name / "results.jsonl"):
                if row["error"] is not None:
                    failed += 1
                    continue
                found.append(await record_of(row, arm.strategy, origin, f"{out.name}/{name}", grader))
    found.sort(key=lambda record: (position[record.arm], place[record.problem_id]))
    return found, failed


def _rows(path: Path) -> Iterator[ResultRow]:
    with path.open("rb") as lines:
        for line in lines:
            yield orjson.loads(line)


def _written(
    out: Path,
    records: Sequence[Record],
    failed: int,
    left: int,
    arms: Sequence[Arm],
    problems: Sequence[Problem],
    origin: Origin,
    source: str,
    command: str,
) -> SweepSummary:
    path = out / ROWS
    manifest = {
        "file": ROWS,
        "command": command,
        "input": {
            "source": source,
            "problems": len(problems),
            "sha256": sha256(orjson.dumps([[p.id, p.text, p.gold] for p in problems])).hexdigest(),
        },
        "seed": origin.seed,
        "policy_model": {"name": origin.policy_model, "params": origin.params},
        "prm": {"name": origin.prm, "params": origin.prm_params},
        "versions": dict(origin.versions),
        "arms": [
            {"spec": arm.spec, "run": None if arm.by else folder(arm.spec), "from": arm.by} for arm in arms
        ],
        "failed": failed,
        "left": left,
    }
    try:
        count = write_records(path, records)
        manifest |= {"rows": count, "sha256": sha256(path.read_bytes()).hexdigest()}
        write_whole(out / MANIFEST, [orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n"])
    except OSError as error:
        raise RunError(f"{path} cannot be written: {error}") from error
    return SweepSummary(path, count, failed, left)


def _versions(settings: Settings) -> dict[str, str]:
    """What the samples depend on: held against what is there when a sweep goes on."""
    version = f" {metadata.version('xllamacpp')}" if settings.engine == "embedded" else ""
    return {"engine": f"{settings.engine}{version}", "python": ".".join(map(str, sys.version_info[:2]))}
