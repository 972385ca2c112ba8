"""What a finished table was trained on: its inputs by hash, its problems by the hash of what they are."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from compute_router.difficulty.json_file import first_fault
from compute_router.errors import InputError

__all__ = ["TRAINING", "InputFile", "Trained", "problem_key", "read_trained"]

TRAINING = "train.json"

_KEY_DIGITS = 16


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class InputFile(_Strict):
    """One sweep: the name it was given by, its hash and its rows."""

    name: str
    sha256: str
    rows: int


class Trained(_Strict):
    """train.json. `problems`: keys of all problems in the inputs, sorted. `base`: sha256 of the predictor
    that training began with. `files`: sha256 of what lies beside it."""

    schema_version: int = 1
    command: str
    seed: int
    inputs: tuple[InputFile, ...]
    base: str
    versions: dict[str, str]
    files: dict[str, str]
    matrices: tuple[dict[str, str | int | None], ...]
    problems: tuple[str, ...]

    def has_read(self, sha256: str) -> bool:
        return any(one.sha256 == sha256 for one in self.inputs)


def problem_key(identity: str) -> str:
    """A problem without its text: the beginning of the hash of `folds.identities`."""
    return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:_KEY_DIGITS]


def problem_keys(identities: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({problem_key(one) for one in identities}))


def read_trained(directory: Path) -> Trained:
    """Raises InputError where `directory` holds no train.json of ours."""
    path = directory / TRAINING
    try:
        return Trained.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({error.strerror}): --table wants a directory that "
            "`compute-router train --out DIR` wrote"
        ) from error
    except ValidationError as error:
        raise InputError(f"{path} is not what `compute-router train` writes: {first_fault(error)}") from error
