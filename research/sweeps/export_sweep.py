"""Sweeps as one file that ships: small, and without other people's problems.

    python -m research export-sweep SWEEP... --out research/data/sweeps/NAME.jsonl

Rows of arms that do not take all their samples lose their paths, which say nothing of other arms. Rows that
another row answers for are left out (docs/sweeps.md). Problems that are not ours keep their id alone; scores
and log-probabilities keep four digits. Beside the file goes NAME.manifest.json: all arms, the sweeps'
manifests, and the hash.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import orjson

from compute_router.errors import InputError
from compute_router.training.sweep.implied_arms import (
    SampleSet,
    canonical,
    full_sampler,
    samples_of,
    strategy_of,
)
from compute_router.training.sweep.record import Record, RecordedPath, write_records
from compute_router.training.sweep.sweep_file import Sweep, manifest_file, read_sweep, sweep_file
from research.sweeps.rollout_archive import OURS

__all__ = ["are_needed", "arms_of", "compact", "export_sweep", "write_manifest"]

DIGITS = 4


def compact(records: Iterable[Record]) -> Iterator[Record]:
    """The rows that no other one answers for, in their order."""
    rows = list(records)
    for row, needed in zip(rows, are_needed(rows), strict=True):
        if needed:
            strategy = strategy_of(row.arm)
            yield _small(row, keep_paths=strategy is not None and full_sampler(strategy) is not None)


def are_needed(rows: Sequence[Record]) -> Iterator[bool]:
    """For each row, whether no other row of its problem, policy model and seed answers for it."""
    held: dict[tuple[str, str, int | None], list[tuple[Record, SampleSet]]] = {}
    for row in rows:
        if (samples := samples_of(row)) is not None:
            held.setdefault(_place(row), []).append((row, samples))
    for row in rows:
        strategy, own = strategy_of(row.arm), samples_of(row)
        yield strategy is None or not any(
            (own is None or samples.n > own.n)
            and samples.answers_for(strategy)
            and row.prm in (None, other.prm)
            for other, samples in held.get(_place(row), ())
        )


def _place(row: Record) -> tuple[str, str, int | None]:
    return row.policy_model, row.problem_id, row.seed


def arms_of(sweeps: Iterable[Sweep]) -> list[dict[str, str]]:
    """What a manifest says of the arms of some sweeps: those that they list, and those of their rows."""
    arms = [arm for sweep in sweeps for arm in (*sweep.arms, *(row.arm for row in sweep.records))]
    return [{"spec": arm} for arm in dict.fromkeys(map(canonical, arms))]


def _small(row: Record, *, keep_paths: bool) -> Record:
    ours = row.problem_id.startswith(OURS)
    return replace(
        row,
        problem=row.problem if ours else None,
        gold=row.gold if ours else None,
        paths=tuple(map(_rounded, row.paths)) if keep_paths else (),
    )


def _rounded(path: RecordedPath) -> RecordedPath:
    return replace(
        path,
        scores=tuple(round(score, DIGITS) for score in path.scores),
        logprob=None if path.logprob is None else round(path.logprob, DIGITS),
    )


def export_sweep(sweeps: Sequence[Path], out: Path) -> None:
    """Writes the rows of the sweeps that are needed to the file `out`, and the manifest beside it.

    Args:
        sweeps: sweep files or directories.
        out: NAME.jsonl; its manifest is NAME.manifest.json.

    Raises:
        InputError: a sweep or its manifest cannot be read.
    """
    files = [sweep_file(path) for path in sweeps]
    found = [read_sweep(file) for file in files]
    rows = write_records(out, compact(row for sweep in found for row in sweep.records))
    write_manifest(
        out, rows, arms_of(found), files, f"export-sweep {' '.join(file.parent.name for file in files)}"
    )
    print(f"{rows} rows -> {out}, {out.stat().st_size:,} bytes")


def write_manifest(out: Path, rows: int, arms: Sequence[object], files: Iterable[Path], command: str) -> None:
    """Write beside the sweep file `out` which arms it answers for, and how it was made of the sweep files
    `files`, whose manifests it holds. Raises InputError where one of these cannot be read."""
    manifest = {
        "file": out.name,
        "rows": rows,
        "sha256": sha256(out.read_bytes()).hexdigest(),
        "command": f"python -m research {command}",
        "arms": arms,
        "sweeps": {file.parent.name: _manifest_of(file) for file in files},
    }
    manifest_file(out).write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n")


def _manifest_of(file: Path) -> object:
    """What is said of a sweep beside its rows. Raises InputError where it cannot be read."""
    path = manifest_file(file)
    try:
        return orjson.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(f"{path}, which says how the sweep was made, cannot be read ({error})") from error
