"""Run directories as one small file that can be committed, and back.

    python -m research archive-pack RUN... --out FILE.jsonl.xz
    python -m research archive-unpack FILE.jsonl.xz --out DIR [--data ../shared/data]

A sweep takes hours; what is learned from it is learned again in minutes. So its solutions are kept whole. The
problems of other people's data sets are kept by id alone, and unpacking gets them back from `--data`. Rows
whose problem it cannot find are left out, with a warning. A line with "run" opens a run and has its
config.json; the lines after it are the rows of its results.jsonl. The same runs make the same bytes. Beside
each unpacked run lies problems.jsonl, the input of `sweep --engine replay`.
"""

from __future__ import annotations

import lzma
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from compute_router.engines.replay.recording import results_of
from compute_router.errors import InputError
from research.workloads.workload import known_problems

__all__ = ["Unpacked", "archive_pack", "archive_unpack", "pack", "unpack"]

CONFIG, RESULTS, PROBLEMS = "config.json", "results.jsonl", "problems.jsonl"
OURS = ("sum-",)
"""What the ids of problems of our own begin with."""


@dataclass(frozen=True, slots=True)
class Unpacked:
    """How many rows were written, and how many left out for want of their problem."""

    rows: int
    missing: int


def pack(runs: Sequence[Path], out: Path) -> int:
    """Write the runs of run or sweep directories, named by their path from there, and return the number of
    rows. Raises InputError: no results, a damaged row, two runs of one name."""
    lines: list[bytes] = []
    names: set[str] = set()
    rows = 0
    for run in runs:
        for file in results_of(run):
            name = str(Path(run.name) / file.parent.relative_to(run))
            if name in names:
                raise InputError(f"two runs are called {name}: give one of the directories another name")
            names.add(name)
            lines.append(
                orjson.dumps({"run": name, "config": orjson.loads((file.parent / CONFIG).read_bytes())})
            )
            found = sorted(_rows(file), key=lambda row: str(row["id"]))
            lines += [orjson.dumps(_stripped(row)) for row in found]
            rows += len(found)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(lzma.compress(b"\n".join(lines) + b"\n", preset=9))
    return rows


def unpack(archive: Path, out: Path, known: Mapping[str, Mapping[str, Any]]) -> Unpacked:
    """Write the run directories under `out`; `known` are problems by id. Raises InputError: no archive, or a
    run that is there already."""
    rows = missing = 0
    target: Path | None = None
    for line in _lines(archive):
        if "run" in line:
            target = _opened(out, line)
            continue
        if target is None:
            raise InputError(f"{archive} does not begin with a run")
        if line["problem"] is None:
            problem = known.get(line["id"])
            if problem is None:
                missing += 1
                continue
            line["problem"], line["gold"] = problem["problem"], problem["answer"]
        _append(target, line)
        problem = {"id": line["id"], "problem": line["problem"], "answer": line["gold"]}
        _append(target.with_name(PROBLEMS), problem)
        rows += 1
    return Unpacked(rows, missing)


def _stripped(row: dict[str, Any]) -> dict[str, Any]:
    """The row, without the text and the answer of a problem that is not ours."""
    return row if str(row["id"]).startswith(OURS) else {**row, "problem": None, "gold": None}


def _opened(out: Path, line: dict[str, Any]) -> Path:
    folder: Path = out / line["run"]
    if not folder.resolve().is_relative_to(out.resolve()):
        raise InputError(f"the run {line['run']!r} would lie outside {out}")
    if folder.exists():
        raise InputError(f"{folder} is there already")
    folder.mkdir(parents=True)
    (folder / CONFIG).write_bytes(orjson.dumps(line["config"], option=orjson.OPT_INDENT_2) + b"\n")
    results = folder / RESULTS
    results.touch()
    return results


def _append(file: Path, row: Mapping[str, Any]) -> None:
    with file.open("ab") as lines:
        lines.write(orjson.dumps(row) + b"\n")


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(file.read_bytes().split(b"\n")[:-1], 1):
        try:
            row = orjson.loads(line)
            row["id"], row["problem"], row["gold"]
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{file} line {number} is no row of a run ({error!r})") from error
        yield row


def _lines(archive: Path) -> Iterator[dict[str, Any]]:
    try:
        with lzma.open(archive) as file:
            for line in file:
                yield orjson.loads(line)
    except (OSError, lzma.LZMAError, EOFError, ValueError) as error:
        raise InputError(f"{archive} is no archive of runs ({error})") from error


def archive_pack(runs: Sequence[Path], out: Path) -> None:
    """`pack`, and say how much it was."""
    rows = pack(runs, out)
    print(f"{rows} rows -> {out}, {out.stat().st_size:,} bytes")


def archive_unpack(archive: Path, out: Path, data: Path | None = None) -> None:
    """`unpack` with the problems of the folder `data`, and say what was left out."""
    done = unpack(archive, out, {} if data is None else known_problems(data))
    print(f"{done.rows} rows -> {out}")
    if done.missing:
        print(f"{done.missing} rows left out: --data has the problems they are of", file=sys.stderr)
