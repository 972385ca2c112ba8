"""Reads problems from what a person names: a text, standard input, a JSONL, JSON or CSV file."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

from compute_router.errors import InputError
from compute_router.policies.answer import extract_answer
from compute_router.problem import MAX_PROBLEM_CHARS, Problem, reference, storable

__all__ = ["read_problems"]

_TEXT_FIELDS = ("problem", "question")
_ID_FIELDS = ("id", "unique_id")
_FILE_SUFFIXES = (".jsonl", ".json", ".csv")
_PATH_STARTS = ("/", "./", "../", "~/")


@dataclass(frozen=True, slots=True)
class _Row:
    place: str
    """For messages: "FILE line 7"."""
    fields: Mapping[str, Any]


def read_problems(source: str, *, limit: int | None = None) -> list[Problem]:
    """The problems that `source` names, the first `limit` of them.

    `source` is read as, in this order:

    - `-`: standard input, JSONL if its first character is "{", else the text of one problem;
    - an existing file: CSV if it is named .csv, a JSON array if it starts with "[", else JSONL;
    - a name that can only be a file (it ends in .jsonl, .json or .csv, or is one word that starts
      with "/", "./", "../" or "~/") but is none: an error;
    - anything else: the text of one problem.

    A row has `problem` or `question`; optionally `id` or `unique_id`, and `answer` (GSM8K: what follows
    its "####") or `solution` (MATH: its last box) for the gold answer. A row without an id gets one made
    of its text. A row whose text is empty, no text at all, above `MAX_PROBLEM_CHARS` or holds a NUL
    or a lone surrogate becomes a `Problem` with an error.

    Raises `InputError` where the source as a whole cannot be trusted: it cannot be read, is not UTF-8,
    is empty, a line is not JSON, a row has no problem field, two rows share an id.
    """
    if limit is not None and limit < 1:
        raise InputError(f"The limit must be at least 1, not {limit}.")
    problems = _Numbering()
    return [problems.add(row) for row in islice(_rows(source), limit)]


def _rows(source: str) -> Iterator[_Row]:
    if source == "-":
        name, text = "Standard input", _decode(sys.stdin.buffer.read(), "Standard input")
        if not text.lstrip().startswith("{"):
            return _single(text, name)
        return _some(_jsonl_rows(text, name), name)
    path = Path(source)
    if not _exists(path):
        if _can_only_be_a_file(source):
            raise InputError(f"There is no such file: {source}")
        return _single(source, "The command line")
    try:
        text = _decode(path.read_bytes(), source)
    except IsADirectoryError:
        raise InputError(f"{source} is a directory, not a file of problems.") from None
    except OSError as error:
        raise InputError(f"{source} cannot be read: {error.strerror or error}.") from error
    if path.suffix.lower() == ".csv":
        return _some(_csv_rows(text, source), source)
    if text.lstrip().startswith("["):
        return _some(_array_rows(text, source), source)
    return _some(_jsonl_rows(text, source), source)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # too long for a name, or holds a NUL: a problem's text
        return False


def _can_only_be_a_file(source: str) -> bool:
    one_line, one_word = "\n" not in source, len(source.split()) == 1
    named = source.lower().endswith(_FILE_SUFFIXES)
    return (one_line and named) or (one_word and source.startswith(_PATH_STARTS))


def _decode(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
        raise InputError(
            f"{name} line {line}: not UTF-8 (byte 0x{byte:02x} at offset {error.start})."
        ) from None


def _single(text: str, name: str) -> Iterator[_Row]:
    if not text.strip():
        raise InputError(f"{name} holds no problem: it is empty.")
    return iter([_Row(name, {"problem": text.strip()})])


def _some(rows: Iterator[_Row], name: str) -> Iterator[_Row]:
    first = next(rows, None)
    if first is None:
        raise InputError(f"{name} holds no problem: it is empty.")
    yield first
    yield from rows


def _jsonl_rows(text: str, name: str) -> Iterator[_Row]:
    # Not splitlines(): JSON strings may hold U+2028 and others that it would split at.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            place = f"{name} line {number}"
            yield _Row(place, _object(_json(line, place), place))


def _array_rows(text: str, name: str) -> Iterator[_Row]:
    for number, item in enumerate(_json(text, name), 1):
        place = f"{name} item {number}"
        yield _Row(place, _object(item, place))


def _csv_rows(text: str, name: str) -> Iterator[_Row]:
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for fields in reader:
            place, line = f"{name} line {line + 1}", reader.line_num
            if None in fields:
                raise InputError(f"{place}: more cells than the header has (is a comma not quoted?).")
            yield _Row(place, {key: cell for key, cell in fields.items() if cell})
    except csv.Error as error:  # the DictReader's own line_num is that of the last good row
        raise InputError(f"{name} line {reader.reader.line_num}: not valid CSV: {error}.") from error


def _json(text: str, place: str) -> Any:
    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is no JSON number")

    try:
        return json.loads(text, parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise InputError(f"{place}: not valid JSON: {error.msg} at column {error.colno}.") from None
    except RecursionError:
        raise InputError(f"{place}: not valid JSON: nested too deep.") from None
    except ValueError as error:
        raise InputError(f"{place}: not valid JSON: {error}.") from None


def _object(value: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InputError(f"{place}: an object with a problem is needed, not {_kind(value)}.")
    return value


class _Numbering:
    """Makes problems of rows, and sees to it that no two share an id."""

    def __init__(self) -> None:
        self._place_of: dict[str, str] = {}

    def add(self, row: _Row) -> Problem:
        text, text_error = _text(row)
        gold, gold_error = _gold(row.fields)
        identity = self._given_id(row) or self._derived_id(text or json.dumps(row.fields))
        self._place_of[identity] = row.place
        error = text_error or gold_error
        if error is not None:
            text = storable(text[:MAX_PROBLEM_CHARS])
        return Problem(identity, text, gold, error)

    def _given_id(self, row: _Row) -> str | None:
        value = next((row.fields[key] for key in _ID_FIELDS if row.fields.get(key) is not None), None)
        if value is None or value == "":
            return None
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise InputError(f"{row.place}: the id must be text or a whole number, not {_kind(value)}.")
        identity = storable(str(value))
        if identity in self._place_of:
            raise InputError(
                f"{row.place}: the id {identity!r} is already that of {self._place_of[identity]}."
            )
        return identity

    def _derived_id(self, content: str) -> str:
        stem = "p-" + hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        identity, copy = stem, 1
        while identity in self._place_of:
            copy += 1
            identity = f"{stem}-{copy}"
        return identity


def _text(row: _Row) -> tuple[str, str | None]:
    """The row's problem text, and why it cannot be solved."""
    key = next((key for key in _TEXT_FIELDS if row.fields.get(key) is not None), None)
    if key is None:
        present = ", ".join(map(repr, row.fields)) or "none"
        raise InputError(f"{row.place}: no field 'problem' or 'question' (fields there: {present}).")
    text = row.fields[key]
    if not isinstance(text, str):
        return "", f"The field {key!r} holds {_kind(text)}, not text."
    if not text.strip():
        return "", "The problem's text is empty."
    if len(text) > MAX_PROBLEM_CHARS:
        return text, f"The problem has {len(text):,} characters, more than the {MAX_PROBLEM_CHARS:,} allowed."
    if text != storable(text):
        return text, "The problem's text holds a NUL or a lone surrogate, which no model can read."
    return text, None


def _gold(fields: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The row's reference answer, and why it cannot be used."""
    answer = fields.get("answer")
    if answer is None or answer == "":
        solution = fields.get("solution")
        return (extract_answer(storable(solution)) if isinstance(solution, str) else None), None
    if isinstance(answer, bool | list | dict):
        return None, f"The field 'answer' holds {_kind(answer)}, not text or a number."
    return reference(str(answer)) or None, None


def _kind(value: object) -> str:
    """What a person calls a JSON value."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    names: dict[type, str] = {dict: "an object", list: "a list", str: "a text"}
    return names.get(type(value), "a number")
