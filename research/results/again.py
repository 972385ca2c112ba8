"""A slice of a sweep run again, live: does this machine come to the same figures?

    python -m research again SWEEP... --out runs/again [--problems 30] [--data ../shared/data]

(`--engine torch` where that is the faster one: docs/torch.md.)

Draws problems by the hash of their ids, and four samples of each by the sweep's policy model, with a seed of
their own. Compares accuracy and tokens with the sweep's on the same problems: of one sample, of the vote of
all, and of the vote that stops early. Where the sweep has such a vote with `backtrack`, it is compared with a
run of its own. Problems of which the sweep has no text are drawn only with `--data`.

Intervals are of the paired differences over problems, and all together are of 95 %. Of twenty runs that
differ by chance alone, one has a figure whose interval leaves out 0, and exit code 1. If the run is killed,
the same command continues it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np

from compute_router.cli.exits import DONE, SOME_FAILED
from compute_router.cli.sweep import sweep
from compute_router.errors import InputError
from compute_router.factory import EngineName, Settings
from compute_router.training.evaluation.bootstrap import Interval, Resamples
from compute_router.training.outcomes.build_matrix import build_matrices
from compute_router.training.outcomes.outcome_matrix import OutcomeMatrix
from compute_router.training.sweep.record import Record
from compute_router.training.sweep.sweep_file import Sweep, read_sweep
from research.results.joint_intervals import joint_intervals
from research.results.samples import joined
from research.workloads.jsonl import write_jsonl
from research.workloads.workload import known_problems

__all__ = ["Agreement", "again", "agreements", "drawn"]

ARMS = (
    "best_of_n:n=4,select=weighted,aggregate=last",
    "best_of_n:n=4,prune=0.1,stop=0.8,accept=0.7,select=weighted,aggregate=last",
)
BACKTRACKING = (
    "best_of_n:n=4,first=greedy,prune=0.1,backtrack=2,stop=0.8,accept=0.7,select=weighted,aggregate=last"
)
ONE = "majority:n=1"
"""Answered for by the samples of the others."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """One arm on the same problems: means of the sweep and of the new run, and the interval of their paired
    difference, which holds together with those of the other arms and figures."""

    arm: str
    figure: str
    before: float
    now: float
    interval: Interval

    @property
    def agrees(self) -> bool:
        low, high = self.interval
        return low <= 0 <= high


def drawn(records: Sequence[Record], problems: int) -> list[Record]:
    """One record for each of `problems` problems whose text and answer are known, in the order of a hash of
    their ids: the first ones are a random sample that every machine draws alike.

    Raises InputError where there are fewer than two.
    """
    known = {one.problem_id: one for one in records if one.problem is not None and one.gold is not None}
    found = sorted(known.values(), key=lambda one: sha256(one.problem_id.encode()).digest())[:problems]
    if len(found) < 2:
        raise InputError("the sweep has too few problems with text and answer: --data gives texts back")
    return found


def agreements(
    before: OutcomeMatrix, now: OutcomeMatrix, arms: Collection[str], seed: int
) -> Iterator[Agreement]:
    """Accuracy and tokens of those of the arms that both have, on the problems that both have."""
    problems = [problem for problem in now.problems_P if problem in before.problems_P]
    was = before.rows(np.array([before.problems_P.index(one) for one in problems]))
    is_ = now.rows(np.array([now.problems_P.index(one) for one in problems]))
    shared = [arm for arm in now.arms_A if arm in was.arms_A and arm in arms]
    if not shared:
        return
    columns = [
        (arm, figure, old_PA[:, was.arms_A.index(arm)], new_PA[:, is_.arms_A.index(arm)])
        for arm in shared
        for figure, old_PA, new_PA in (
            ("accuracy", was.accuracy_PA, is_.accuracy_PA),
            ("tokens", was.tokens_PA, is_.tokens_PA),
        )
    ]
    differences = np.column_stack([new_P - old_P for _, _, old_P, new_P in columns])
    intervals = joint_intervals(Resamples(len(problems), seed), differences)
    for (arm, figure, old_P, new_P), interval in zip(columns, intervals, strict=True):
        yield Agreement(arm, figure, float(old_P.mean()), float(new_P.mean()), interval)


def again(
    sweeps: Sequence[Path],
    out: Path,
    *,
    problems: int = 30,
    data: Path | None = None,
    seed: int = 7,
    engine: EngineName = "embedded",
) -> int:
    """Runs the slice into the directory `out`, prints each figure beside the sweep's, and returns the exit
    code: 1 where one differs.

    Args:
        sweeps: sweep files or directories, which are read as one.
        out: directory of the new run; the same call continues it.
        problems: how many problems are run.
        data: folder with problems/, which gives texts and answers back by id.
        seed: of the new run.
        engine: who runs the policy model.

    Raises:
        RouterError: a sweep cannot be read, has too few problems, or the engine fails.
    """
    known = {} if data is None else known_problems(data)
    read = [replace(one, records=joined(one.records, known)) for one in map(read_sweep, sweeps)]
    named = ARMS if all(BACKTRACKING not in one.arms for one in read) else (*ARMS, BACKTRACKING)
    some = drawn([record for one in read for record in one.records], problems)
    out.mkdir(parents=True, exist_ok=True)
    asked, arms = out / "problems.jsonl", out / "arms.txt"
    write_jsonl(asked, [{"id": one.problem_id, "problem": one.problem, "answer": one.gold} for one in some])
    arms.write_text("\n".join(named) + "\n", "utf-8")
    model = None if engine == "scripted" else some[0].policy_model
    settings = Settings(engine, policy_model=model, seed=seed)
    sweep(str(asked), arms, out, settings, deadline_s=None, limit=None, as_json=False)
    # Rows that were picked from a sweep have no manifest beside them: these arms are asked for anyway.
    before = _matrix([replace(one, arms=(*one.arms, *named)) for one in read], some[0].policy_model)
    now = _matrix([read_sweep(out)], None)
    found = list(agreements(before, now, (ONE, *named), seed))
    for one in found:
        low, high = one.interval
        verdict = "agrees" if one.agrees else "DIFFERS"
        means = f"{one.before:10.3f} {one.now:10.3f}"
        print(f"{one.arm:<83} {one.figure:<9} {means}   {verdict} [{low:+.3f}, {high:+.3f}]")
    return DONE if all(one.agrees for one in found) else SOME_FAILED


def _matrix(sweeps: Sequence[Sweep], policy_model: str | None) -> OutcomeMatrix:
    """The matrix of most problems, of one policy model where it is named."""
    some = [one for one in build_matrices(sweeps) if policy_model in (None, one.policy_model)]
    return max(some, key=lambda one: len(one.problems_P))
