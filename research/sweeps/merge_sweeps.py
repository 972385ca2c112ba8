"""Samples that several sweeps drew of the same problems, as one sweep of more samples.

    python -m research merge-sweeps SWEEP... --arms ARMS --out DIR

More samples of the same problems are drawn by another sweep with a seed of its own. Samples of two seeds are
as independent of each other as those of one. All sweeps must have the same policy model and PRM, and make
samples in the same way (`backtrack`). Greedy solutions come from the first sweep. Equal answers are found
anew. DIR/sweep.jsonl has the problems that all sweeps have. Each has one row of all its samples, and one row
for each of ARMS that these answer for. DIR/sweep.manifest.json holds the sweeps' manifests.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from compute_router.errors import InputError
from compute_router.grading import Grader
from compute_router.policies import BestOfN, Majority, spec
from compute_router.policies.spec import MAX_N
from compute_router.training.evaluation.judge_sweep import sweep_file
from compute_router.training.sweep.arms import choosing, covers, drawn, of_n, read_arms, whole
from compute_router.training.sweep.implied_arms import strategy_of
from compute_router.training.sweep.record import Record, read_records, write_records
from compute_router.training.sweep.replay_orders import sample_path, take
from compute_router.training.sweep.run_to_records import answered_for
from research.sweeps.export_sweep import write_manifest

__all__ = ["implied", "merge_sweeps", "pooled", "samples_of"]

Samples = Mapping[str, Record]
"""By problem."""


def samples_of(records: Iterable[Record], name: str) -> dict[str, Record]:
    """Of each problem the row with the most whole samples. Raises InputError where there is none, or where
    rows differ in policy model, PRM, seed or the way in which samples are made; `name` says whose."""
    most: dict[str, Record] = {}
    for record in records:
        known = most.get(record.problem_id)
        if _sampling(record) is not None and (known is None or len(record.paths) > len(known.paths)):
            most[record.problem_id] = record
    made = {(one.policy_model, one.prm, one.seed, drawn(_taken(one))) for one in most.values()}
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
        if drawn(_taken(one)) != replace(drawn(_taken(first)), first="sample"):
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
    paths = [path for row in rows for path in row.paths]
    record = replace(
        first,
        paths=tuple(replace(path, group=group) for path, group in zip(paths, groups, strict=True)),
        prompt_tokens=_sum(row.prompt_tokens for row in rows),
        cached_tokens=_sum(row.cached_tokens for row in rows),
        prm_tokens=_sum(row.prm_tokens for row in rows),
        source=", ".join(dict.fromkeys(row.source for row in rows)),
    )
    if len(paths) > MAX_N:
        raise InputError(f"{first.problem_id} has {len(paths)} samples: an arm can have {MAX_N}")
    every = implied(record, of_n(_taken(first), len(paths)))
    return replace(
        every,
        paths=record.paths,
        prompt_tokens=record.prompt_tokens,
        cached_tokens=record.cached_tokens,
    )


def implied(record: Record, strategy: Majority | BestOfN) -> Record:
    """What a strategy makes of the first of the record's samples (run_to_records.py: of a run's)."""
    paths_N = [sample_path(at, path) for at, path in enumerate(record.paths)]
    votes_N = [path.group for path in record.paths]
    return answered_for(record, strategy, take(strategy, paths_N, votes_N, range(len(paths_N))))


def _sampling(record: Record) -> Majority | BestOfN | None:
    """How a row of whole samples was made."""
    strategy = strategy_of(record.arm)
    found = None if strategy is None else whole(strategy)
    return found if found is not None and len(record.paths) == found.n else None


def _taken(record: Record) -> Majority | BestOfN:
    found = _sampling(record)
    assert found is not None, "samples_of says so"
    return found


def _sum(counts: Iterable[int | None]) -> int | None:
    known = list(counts)
    return None if None in known else sum(one for one in known if one is not None)


def _rows(records: Sequence[Record], arms: Path) -> Iterator[Record]:
    yield from records
    for arm in read_arms(arms):
        strategy = choosing(arm.strategy)
        for record in records:
            every = _taken(record)
            if strategy is not None and spec(strategy) != record.arm and covers(every, strategy):
                yield implied(record, strategy)


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
        arms: file of arms, one a line; of those that the samples answer for there are rows.
        out: directory of the merged sweep.

    Raises:
        InputError: a file cannot be read, or the sweeps' samples do not go together.
    """
    files = [sweep_file(path) for path in sweeps]
    records = asyncio.run(_pooled([samples_of(read_records(file), str(file)) for file in files]))
    to = out / "sweep.jsonl"
    rows = write_records(to, _rows(records, arms))
    names = " ".join(file.parent.name for file in files)
    write_manifest(to, rows, files, f"merge-sweeps {names} --arms {arms.name} --out {out.name}")
    samples = Counter(len(record.paths) for record in records)
    counts = ", ".join(f"{many} of {n} samples" for n, many in sorted(samples.items()))
    print(f"{len(records)} problems ({counts}), {rows} rows -> {to}")
