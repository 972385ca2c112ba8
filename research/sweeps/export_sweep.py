"""Sweeps as one file that ships: small, and without other people's problems.

    python -m research export-sweep SWEEP... --out research/data/sweeps/NAME.jsonl

Rows of arms that are not plain samples lose their paths, which say nothing of other arms; arms that another
row answers for are left out (docs/sweeps.md), but for one row that names each arm that stops early or chooses
among special samples; problems that are not ours keep their id alone; scores and log-probabilities keep four
digits. Beside it goes NAME.manifest.json: the sweeps' manifests, and the hash.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import orjson

from compute_router.errors import InputError
from compute_router.training.evaluation.judge_sweep import sweep_file
from compute_router.training.sweep.arms import covers, whole
from compute_router.training.sweep.implied_arms import sampled_of, sampling_of, strategy_of
from compute_router.training.sweep.record import Record, SweptPath, read_records, write_records
from research.sweeps.rollout_archive import OURS

__all__ = ["compact", "main", "manifest_of"]

DIGITS = 4


def compact(records: Iterable[Record]) -> Iterator[Record]:
    """The rows that are needed, in their order."""
    rows = list(records)
    most: dict[tuple[str, str, int | None], list[Record]] = {}
    for row in rows:
        if _is_whole(row.arm) and row.paths:
            most.setdefault((row.policy_model, row.problem_id, row.seed), []).append(row)
    named: set[tuple[str, str | None, str]] = set()
    for row in rows:
        is_plain = _is_whole(row.arm)
        if any(_more(other, row) for other in most.get((row.policy_model, row.problem_id, row.seed), ())):
            name = row.policy_model, row.prm, row.arm
            if sampling_of(row.arm) is not None or name in named:
                continue
            named.add(name)
        yield _small(row, keep_paths=is_plain)


def _is_whole(arm: str) -> bool:
    strategy = strategy_of(arm)
    return strategy is not None and whole(strategy) is not None


def _more(other: Record, row: Record) -> bool:
    """Whether `other` holds more samples than `row`, and all that the row says."""
    mine, theirs = sampled_of(row.arm), strategy_of(other.arm)
    if mine is None or theirs is None or len(other.paths) <= len(row.paths):
        return False
    return covers(theirs, mine) and other.prm == (row.prm or other.prm)


def _small(row: Record, *, keep_paths: bool) -> Record:
    ours = row.problem_id.startswith(OURS)
    return replace(
        row,
        problem=row.problem if ours else None,
        gold=row.gold if ours else None,
        paths=tuple(map(_rounded, row.paths)) if keep_paths else (),
    )


def _rounded(path: SweptPath) -> SweptPath:
    return replace(
        path,
        scores=tuple(round(score, DIGITS) for score in path.scores),
        logprob=None if path.logprob is None else round(path.logprob, DIGITS),
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sweeps", nargs="+", type=Path, metavar="SWEEP")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    try:
        files = [sweep_file(path) for path in options.sweeps]
        rows = write_records(options.out, compact(row for file in files for row in read_records(file)))
        manifest = {
            "file": options.out.name,
            "rows": rows,
            "sha256": sha256(options.out.read_bytes()).hexdigest(),
            "command": f"python -m research export-sweep {' '.join(file.parent.name for file in files)}",
            "sweeps": {file.parent.name: manifest_of(file) for file in files},
        }
    except InputError as error:
        sys.exit(f"error: {error}")
    beside = options.out.with_suffix(".manifest.json")
    beside.write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n")
    print(f"{rows} rows -> {options.out}, {options.out.stat().st_size:,} bytes")


def manifest_of(file: Path) -> object:
    """What is said of a sweep beside its rows. Raises InputError where it cannot be read."""
    path = file.with_suffix(".manifest.json")
    try:
        return orjson.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(f"{path}, which says how the sweep was made, cannot be read ({error})") from error


if __name__ == "__main__":
    main()
