"""Objects out of a file that may be damaged: what cannot be read is named and counted, the rest goes on."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from compute_router.errors import InputError
from compute_router.training.importers.damage import Damage, Notes

__all__ = ["Row", "objects", "text_of_file"]

Row = dict[str, Any]


def text_of_file(path: Path, notes: Notes) -> str:
    """The file's text; bytes that are not UTF-8 become U+FFFD. Raises InputError where it cannot be read."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        broken = sum(not _is_utf8(part) for part in data.split(b"\n"))
        notes.add(Damage.NOT_UTF8, f"{path.name} line {line}", broken)
        return data.decode("utf-8-sig", "replace")


def objects(path: Path, notes: Notes) -> Iterator[tuple[str, Row]]:
    """(place, object) for every row of a CSV file, a JSON array, one JSON object or JSON lines."""
    text = text_of_file(path, notes)
    if not text.strip("\0 \r\n\t"):
        notes.add(Damage.EMPTY, path.name)
        return
    if path.suffix.lower() in (".csv", ".tsv"):
        found: Iterator[tuple[str, Any]] = _cells(path, text, notes)
    elif path.suffix.lower() == ".json" or _is_array(text.lstrip()):
        found = _document(path, text, notes)
    else:
        found = _lines(path, text, notes)
    for place, value in found:
        notes.rows_read += 1
        if isinstance(value, dict):
            yield place, value
        else:
            notes.drop(Damage.WRONG_TYPE, place)


def _lines(path: Path, text: str, notes: Notes) -> Iterator[tuple[str, Any]]:
    # Not splitlines(): JSON strings may hold U+2028 and others that it would split at.
    for number, line in enumerate(text.split("\n"), 1):
        place = f"{path.name} line {number}"
        if not line.strip("\0 \r\t"):
            if "\0" in line:  # blocks that were never written before the machine went down
                notes.add(Damage.TORN, place)
            continue
        try:
            yield place, json.loads(line)
        except (ValueError, RecursionError):
            notes.rows_read += 1
            notes.drop(Damage.TORN, place)


def _document(path: Path, text: str, notes: Notes) -> Iterator[tuple[str, Any]]:
    """The items of an array as far as it goes, or one object."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        if text.lstrip()[0] != "[":
            yield from _lines(path, text, notes)
            return
    else:
        for number, item in enumerate(whole if isinstance(whole, list) else [whole], 1):
            yield (f"{path.name} item {number}" if isinstance(whole, list) else path.name), item
        return
    decoder, at, number = json.JSONDecoder(), text.index("[") + 1, 0
    while True:
        number += 1
        at += len(text[at:]) - len(text[at:].lstrip(", \r\n\t"))
        try:
            item, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            notes.rows_read += 1
            notes.drop(Damage.TORN, f"{path.name} item {number}")
            return
        yield f"{path.name} item {number}", item


def _is_array(text: str) -> bool:
    """Whether an array goes on over the lines of a file that is named as JSON lines."""
    if not text.startswith("["):
        return False
    try:
        json.loads(text.partition("\n")[0])
    except (ValueError, RecursionError):
        return True
    return "\n" not in text.strip()


def _cells(path: Path, text: str, notes: Notes) -> Iterator[tuple[str, Any]]:
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for fields in reader:
            place = f"{path.name} line {reader.line_num}"
            if None in fields or any(cell is None for cell in fields.values()):
                notes.rows_read += 1
                notes.drop(Damage.TORN, place)
                continue
            yield place, {key: _cell(cell) for key, cell in fields.items() if cell}
    except csv.Error:
        notes.drop(Damage.TORN, f"{path.name} line {reader.line_num}")


def _cell(cell: str) -> Any:
    """A list in a cell is JSON; all else stays text."""
    if cell.lstrip().startswith("["):
        try:
            return json.loads(cell)
        except (ValueError, RecursionError):
            return cell
    return cell


def _is_utf8(part: bytes) -> bool:
    try:
        part.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
