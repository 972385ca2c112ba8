"""Sweeps as one file that ships: small, and without other people's problems.

    python -m research export-sweep SWEEP... --out research/data/sweeps/NAME.jsonl

Only rows of plain samples keep their paths: those of other rows say nothing of other arms. Rows that another
row answers for are left out (docs/sweeps.md). Of arms that stop early or choose among samples drawn in
another way, one row each stays and names the arm. Problems that are not ours keep their id alone; scores and
log-probabilities keep four digits. Beside the file goes NAME.manifest.json: the sweeps' manifests, and the
hash.
"""

from __future__ import annotations

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

__all__ = ["compact", "export_sweep", "write_manifest"]

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


def export_sweep(sweeps: Sequence[Path], out: Path) -> None:
    """Writes the rows of the sweeps that are needed to the file `out`, and the manifest beside it.

    Args:
        sweeps: sweep files or directories.
        out: NAME.jsonl; its manifest is NAME.manifest.json.

    Raises:
        InputError: a sweep or its manifest cannot be read.
    """
    files = [sweep_file(path) for path in sweeps]
    rows = write_records(out, compact(row for file in files for row in read_records(file)))
    write_manifest(out, rows, files, f"export-sweep {' '.join(file.parent.name for file in files)}")
    print(f"{rows} rows -> {out}, {out.stat().st_size:,} bytes")


def write_manifest(out: Path, rows: int, files: Iterable[Path], command: str) -> None:
    """Write beside the sweep file `out` how it was made of the sweep files `files`, whose manifests it holds.
    Raises InputError where one of these cannot be read."""
    manifest = {
        "file": out.name,
        "rows": rows,
        "sha256": sha256(out.read_bytes()).hexdigest(),
        "command": f"python -m research {command}",
        "sweeps": {file.parent.name: _manifest_of(file) for file in files},
    }
    beside = out.with_suffix(".manifest.json")
    beside.write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n")


def _manifest_of(file: Path) -> object:
    """What is said of a sweep beside its rows. Raises InputError where it cannot be read."""
    path = file.with_suffix(".manifest.json")
    try:
        return orjson.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(f"{path}, which says how the sweep was made, cannot be read ({error})") from error
