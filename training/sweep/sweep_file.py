"""A sweep on the disk: its rows, and beside them the manifest that lists its arms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ValidationError

from compute_router.difficulty.json_file import first_fault
from compute_router.training.sweep.record import Record, RecordError, read_records

__all__ = ["Sweep", "manifest_file", "read_sweep", "sweep_file"]


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep's rows, and the specs of the arms that its manifest lists, in its order.

    An arm without rows of its own is one that other rows may answer for; where none does, it is ignored.
    """

    records: Sequence[Record]
    arms: tuple[str, ...] = ()


class _Arm(BaseModel):
    spec: str


class _Manifest(BaseModel):
    arms: tuple[_Arm, ...] = ()


def sweep_file(path: Path) -> Path:
    """The file of a sweep's rows: the path itself, or sweep.jsonl in the directory."""
    return path / "sweep.jsonl" if path.is_dir() else path


def manifest_file(rows: Path) -> Path:
    """Where the manifest of a file of rows lies: NAME.manifest.json beside NAME.jsonl."""
    return rows.with_suffix(".manifest.json")


def read_sweep(path: Path) -> Sweep:
    """Read a sweep: a file of rows, or a directory with sweep.jsonl.

    Returns:
        The rows, and the arms of the manifest; no arms where there is no manifest.

    Raises:
        RecordError: a row or the manifest is wrong, or a file cannot be read.
    """
    rows = sweep_file(path)
    records, manifest = tuple(read_records(rows)), manifest_file(rows)
    try:
        arms = _Manifest.model_validate_json(manifest.read_bytes()).arms
    except FileNotFoundError:
        return Sweep(records)
    except ValidationError as error:
        raise RecordError(f"{manifest} is no manifest of a sweep: {first_fault(error)}") from error
    except OSError as error:
        raise RecordError(f"{manifest} cannot be read: {error.strerror}") from error
    return Sweep(records, tuple(arm.spec for arm in arms))
