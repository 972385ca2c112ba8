"""What is on disk, taken apart into logs: a run's folder or a file, each with its form."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Final

from compute_router.errors import InputError
from compute_router.training.importers import (
    compute_optimal_tts,
    its_hub,
    openr,
    rebase_log,
    search_and_learn,
    tabular,
)
from compute_router.training.importers.damage import Notes
from compute_router.training.importers.lines import Row, objects
from compute_router.training.importers.log_row import LogRow

__all__ = ["FORMS", "Unit", "read_unit", "units"]

FORMS: Final = ("compute-optimal-tts", "search-and-learn", "openr", "rebase", "its_hub", "generic")

_RECOGNISE: Final[Mapping[str, Callable[[Row], bool]]] = MappingProxyType(
    {
        "search-and-learn": search_and_learn.recognise,
        "openr": openr.recognise,
        "rebase": rebase_log.recognise,
        "its_hub": its_hub.recognise,
        "generic": tabular.recognise,
    }
)
_SNIFFED = 20
_SUFFIXES = (".jsonl", ".json", ".csv", ".tsv")
_NO_LOGS = ("config.json", "avg_result.json", "avg_result.jsonl")


@dataclass(frozen=True, slots=True)
class Unit:
    """One log. `form` is None where no form fits."""

    path: Path
    form: str | None


def units(path: Path, form: str | None) -> Iterator[Unit]:
    """The logs under a path. Raises InputError: no such path, an unknown form."""
    if form is not None and form not in FORMS:
        raise InputError(f"{form!r} is no form of a log; known: {', '.join(FORMS)}")
    if not path.exists():
        raise InputError(f"There is no such file or folder: {path}")
    if path.is_file():
        yield Unit(path, form or _sniffed(path))
        return
    here = sorted(path.iterdir())
    names = {item.name for item in here}
    shaped = (
        compute_optimal_tts.SHAPE.fullmatch(path.name)
        and names & set(_NO_LOGS)
        and "record.jsonl" not in names
    )
    if shaped or any(item.is_dir() and item.name.startswith("question_") for item in here):
        yield Unit(path, "compute-optimal-tts")
    elif "record.jsonl" in names or "avg_result.json" in names or "avg_result.jsonl" in names:
        yield Unit(path, "openr")
    elif any(rebase_log.FILE.fullmatch(name) for name in names):
        yield Unit(path, "rebase")
    else:
        for item in here:
            if item.name.startswith("."):
                continue
            if item.is_dir():
                yield from units(item, form)
            elif item.suffix.lower() in _SUFFIXES and item.name not in _NO_LOGS:
                yield Unit(item, form or _sniffed(item))


def read_unit(unit: Unit, notes: Notes, columns: Mapping[str, str] | None) -> list[LogRow]:
    """The rows of a log. Raises InputError where a column that was told is not there."""
    readers: dict[str, Callable[[Path, Notes], Iterator[LogRow]]] = {
        "compute-optimal-tts": compute_optimal_tts.read,
        "search-and-learn": search_and_learn.read,
        "openr": openr.read,
        "rebase": rebase_log.read,
        "its_hub": its_hub.read,
        "generic": partial(tabular.read, told=columns),
    }
    return list(readers[unit.form](unit.path, notes)) if unit.form else []


def _sniffed(path: Path) -> str | None:
    """The first form that any of the first rows has; an empty file is anybody's."""
    notes = Notes()
    rows = [row for _, row in islice(objects(path, notes), _SNIFFED)]
    for form, recognise in _RECOGNISE.items():
        if any(map(recognise, rows)):
            return form
    return None if rows else "generic"
