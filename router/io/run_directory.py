"""A run directory: config.json, results.jsonl (one row a problem, appended when it is done), summary.json.

A run can be killed at any moment and continued by the same command. What makes that safe: one writer (a
lock the kernel drops with the process), rows appended whole and flushed, a torn last line cut off, a
changed configuration refused, everything else replaced by rename.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import orjson

from compute_router.difficulty.whole_file import write_whole
from compute_router.errors import RunError
from compute_router.io.result_row import ResultRow
from compute_router.io.summary import Summary, summarize

__all__ = ["Run"]

_INDENT = orjson.OPT_INDENT_2


class Run:
    """An open run directory; a context manager. One process at a time.

    Raises RunError: another writer, a changed configuration (naming the keys), a directory that
    cannot be written, a results file that is damaged before its last line.
    """

    def __init__(self, folder: Path, config: Mapping[str, Any]) -> None:
        self.folder = folder
        self._results = folder / "results.jsonl"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = self._locked()
            try:
                self._claim(config)
                self.done = self._repair()
                self._file: int | None = os.open(
                    self._results, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644
                )
            except BaseException:
                os.close(self._lock)
                raise
        except OSError as error:
            raise RunError(f"the run directory {folder} cannot be used: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def append(self, row: ResultRow) -> None:
        """Add a finished problem; it survives a kill from here on. Raises RunError on a full disk, with
        the rows so far intact."""
        assert self._file is not None, "the run is closed"
        # Not through a buffer: what a full disk refused would stay in it, and come out when it is closed.
        start, line = os.fstat(self._file).st_size, memoryview(orjson.dumps(row) + b"\n")
        try:
            while line:
                line = line[os.write(self._file, line) :]
        except OSError as error:
            os.ftruncate(self._file, start)
            raise RunError(f"{self._results} cannot be written: {error}") from error
        self.done.add(row["id"])

    def rows(self) -> Iterator[ResultRow]:
        """The rows so far, in the order in which they were finished."""
        with self._results.open("rb") as file:
            for line in file:
                yield orjson.loads(line)

    def finish(self) -> Summary:
        """Write summary.json from the rows, and return it. Raises RunError on a full disk."""
        summary = summarize(self.rows())
        path = self.folder / "summary.json"
        try:
            write_whole(path, [orjson.dumps(summary, option=_INDENT) + b"\n"])
        except OSError as error:
            raise RunError(f"{path} cannot be written: {error}") from error
        return summary

    def close(self) -> None:
        """Let go of the directory. Idempotent."""
        if self._file is not None:
            os.close(self._file)
            os.close(self._lock)
            self._file = None

    def _locked(self) -> int:
        lock = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise RunError(f"another process is writing to the run directory {self.folder}") from None
        return lock

    def _claim(self, config: Mapping[str, Any]) -> None:
        """Write config.json, or hold `config` against the one that is there."""
        path = self.folder / "config.json"
        wanted = orjson.loads(orjson.dumps(config))
        if not path.exists():
            if self._results.exists():
                raise RunError(f"{self.folder} has results.jsonl without config.json: give another directory")
            write_whole(path, [orjson.dumps(wanted, option=_INDENT) + b"\n"])
            return
        try:
            found = orjson.loads(path.read_bytes())
        except orjson.JSONDecodeError as error:
            raise RunError(f"{path} is damaged ({error}): give another directory") from error
        if not isinstance(found, dict):
            raise RunError(f"{path} is damaged (it is no object): give another directory")
        changed = sorted(_differences(found, wanted))
        if changed:
            raise RunError(
                f"{self.folder} was made with another configuration: {', '.join(changed)}; "
                "give another directory, or the same settings"
            )

    def _repair(self) -> set[str]:
        """The ids that are done. Drops a torn last line, and rows whose failure another try may mend."""
        if not self._results.exists():
            return set()
        done: set[str] = set()
        whole = owed = 0
        with self._results.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    break
                row = _row(line, f"{self._results} line {number}")
                if _is_owed(row):
                    owed += 1
                elif row["id"] in done:
                    raise RunError(f"{self._results} line {number}: {row['id']!r} is there twice")
                else:
                    done.add(row["id"])
                whole += len(line)
        os.truncate(self._results, whole)
        if owed:
            with self._results.open("rb") as file:
                kept = b"".join(line for line in file if not _is_owed(orjson.loads(line)))
            write_whole(self._results, [kept])
        return done


def _row(line: bytes, place: str) -> ResultRow:
    try:
        row: ResultRow = orjson.loads(line)
        # All that is read of a row later, read now.
        _is_owed(row)
        summarize([row])
        if isinstance(row["id"], str):
            return row
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        pass
    raise RunError(f"{place} is damaged: mend or remove the line, or give another directory")


def _is_owed(row: ResultRow) -> bool:
    return row["error"] is not None and row["error"]["retryable"] is True


def _differences(found: Any, wanted: Any, name: str = "") -> Iterator[str]:
    """The dotted keys whose values differ."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        for key in found.keys() | wanted.keys():
            yield from _differences(found.get(key), wanted.get(key), f"{name}.{key}" if name else key)
    elif found != wanted:
        yield name
