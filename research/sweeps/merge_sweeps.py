"""Samples that several sweeps drew of the same problems, as one sweep of more samples.

    python -m research merge-sweeps SWEEP... --arms ARMS --out DIR

More samples of the same problems are drawn by another sweep with a seed of its own. Samples of two seeds are
as independent of each other as those of one. All sweeps must have the same policy model and PRM, and make
samples in the same way (`backtrack`). Greedy solutions come from the first sweep. Equal answers are found
anew. DIR/sweep.jsonl has one row of all samples for every problem that all sweeps have.
DIR/sweep.manifest.json holds the sweeps' manifests, and lists those of ARMS that the samples answer for.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from compute_router.errors import InputError
from compute_router.grading import Grader
from compute_router.policies import Sampling, spec
from compute_router.policies.spec import MAX_N
from compute_router.training.sweep.arms import read_arms
from compute_router.training.sweep.implied_arms import Sampler, sample_kind, samples_of, with_n
from compute_router.training.sweep.record import Record, read_records, write_records
from compute_router.training.sweep.replay_orders import replay, sample_path
from compute_router.training.sweep.sweep_file import sweep_file
from research.sweeps.export_sweep import write_manifest

__all__ = ["merge_sweeps", "most_sampled", "pooled"]

Samples = Mapping[str, Record]
"""By problem."""


def most_sampled(records: Iterable[Record], name: str) -> dict[str, Record]:
    """Of each problem the row with the most samples. Raises InputError where there is none, or where
    rows differ in policy model, PRM, seed or the way in which samples are made; `name` says whose."""
    most: dict[str, Record] = {}
    for record in records:
        known = most.get(record.problem_id)
        if _made(record) is not None and (known is None or len(record.paths) > len(known.paths)):
            most[record.problem_id] = record
    made = {(one.policy_model, one.prm, one.seed, _kind(one)) for one in most.values()}
    if len(made) != 1:
        raise InputError(f"{name} is no sweep of one kind of samples: {len(made)} kinds")
    return most


async def pooled(sweeps: Sequence[Samples], grader: Grader) -> list[Record]:
    """One row of all samples for each problem that all sweeps have, in the order of the first. Raises
    InputError: the sweeps' samples do not go together, or there is no such problem."""
    first, *others = (next(iter(one.values())) for one in sweeps)
    for one in others:
        if (one.policy_model, one.prm) != (first.policy_model, first.prm):
            raise InputError(
                f"samples of {one.policy_model} by {one.prm} are none of {first.policy_model} by {first.prm}"
            )
        if _kind(one) != replace(_kind(first), first="sample"):
            raise InputError(f"the samples of {one.arm} are not made like those of {first.arm}")
    seeds = Counter(one.seed for one in (first, *others))
    if max(seeds.values()) > 1:
        raise InputError("two sweeps have the same seed, and so the same samples")
    shared = [problem for problem in sweeps[0] if all(problem in other for other in sweeps)]
    if not shared:
        raise InputError("the sweeps have no problem in common")
    return [await _joined([sweep[problem] for sweep in sweeps], grader) for problem in shared]


async def _joined(rows: Sequence[Record], grader: Grader) -> Record:
    first = rows[0]
    if len({row.gold for row in rows if row.gold is not None}) > 1:
        raise InputError(f"the problem {first.problem_id} has another answer in another sweep")
    groups = await grader.classes([path.answer for row in rows for path in row.paths])
    paths = [
        replace(path, group=group)
        for path, group in zip((path for row in rows for path in row.paths), groups, strict=True)
    ]
    if len(paths) > MAX_N:
        raise InputError(f"{first.problem_id} has {len(paths)} samples: an arm can have {MAX_N}")
    made = _made(first)
    assert made is not None, "most_sampled says so"
    every = with_n(made, len(paths))
    paths_N = [sample_path(at, path) for at, path in enumerate(paths)]
    chosen = replay(every, paths_N, groups, range(len(paths))).chosen
    return replace(
        first,
        arm=spec(every),
        answer=None if chosen is None else paths[chosen].answer,
        correct=chosen is not None and paths[chosen].correct is True,
        paths=tuple(paths),
        tokens=_sum(path.tokens for path in paths),
        prompt_tokens=_sum(row.prompt_tokens for row in rows),
        cached_tokens=_sum(row.cached_tokens for row in rows),
        prm_tokens=_sum(row.prm_tokens for row in rows),
        seconds=None,
        source=", ".join(dict.fromkeys(row.source for row in rows)),
    )


def _made(record: Record) -> Sampler | None:
    """What drew a row's samples, all of which are there."""
    samples = samples_of(record)
    return samples.made if samples is not None and samples.n == samples.made.n else None


def _kind(record: Record) -> Sampling:
    made = _made(record)
    assert made is not None, "most_sampled says so"
    return sample_kind(made)


def _sum(counts: Iterable[int | None]) -> int | None:
    known = list(counts)
    return None if None in known else sum(one for one in known if one is not None)


def _arms(records: Sequence[Record], arms: Path) -> list[dict[str, str]]:
    """For the manifest: the arms of the rows, and those of ARMS that their samples answer for."""
    held = {samples for record in records if (samples := samples_of(record)) is not None}
    named = [
        arm.spec for arm in read_arms(arms) if any(samples.answers_for(arm.strategy) for samples in held)
    ]
    return [{"spec": arm} for arm in dict.fromkeys([*(record.arm for record in records), *named])]


async def _pooled(sweeps: Sequence[Samples]) -> list[Record]:
    grader = Grader()
    try:
        return await pooled(sweeps, grader)
    finally:
        grader.close()


def merge_sweeps(sweeps: Sequence[Path], arms: Path, out: Path) -> None:
    """Writes sweep.jsonl and sweep.manifest.json into the directory `out`.

    Args:
        sweeps: sweep files or directories.
        arms: file of arms, one a line; the manifest lists those that the samples answer for.
        out: directory of the merged sweep.

    Raises:
        InputError: a file cannot be read, or the sweeps' samples do not go together.
    """
    files = [sweep_file(path) for path in sweeps]
    records = asyncio.run(_pooled([most_sampled(read_records(file), str(file)) for file in files]))
    to, answered = out / "sweep.jsonl", _arms(records, arms)
    rows = write_records(to, records)
    names = " ".join(file.parent.name for file in files)
    write_manifest(to, rows, answered, files, f"merge-sweeps {names} --arms {arms.name} --out {out.name}")
    samples = Counter(len(record.paths) for record in records)
    counts = ", ".join(f"{many} of {n} samples" for n, many in sorted(samples.items()))
    print(f"{len(records)} problems ({counts}), {rows} rows -> {to}")
