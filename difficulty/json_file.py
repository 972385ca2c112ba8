"""Fitted numbers as a JSON file: read within bounds."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from compute_router.difficulty.errors import ModelFileError

__all__ = ["contents", "first_fault", "parsed"]

Model = TypeVar("Model", bound=BaseModel)


def contents(path: Path, most_bytes: int, what: str) -> bytes | None:
    """The bytes of a file, None where there is none. Raises ModelFileError: unreadable, or longer."""
    try:
        with path.open("rb") as file:
            data = file.read(most_bytes + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read ({error.strerror}).") from error
    if len(data) > most_bytes:
        raise ModelFileError(f"{path} is larger than {most_bytes} bytes, which no {what} is.")
    return data


def parsed(data: bytes, model: type[Model], path: Path, what: str, again: str) -> Model:
    """What the bytes of `path` hold. Raises ModelFileError with the first fault; `again`: what to do then."""
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        raise ModelFileError(f"{path} is no {what} ({first_fault(error)}); {again}.") from error


def first_fault(error: ValidationError) -> str:
    """The place and the message of the first fault, and how many more there are."""
    faults = error.errors(include_url=False, include_context=False)
    where = ".".join(str(part) for part in faults[0]["loc"]) or "the file"
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return f"{where}: {faults[0]['msg'].removeprefix('Value error, ')}{more}"
