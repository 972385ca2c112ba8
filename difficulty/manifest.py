"""manifest.json: what a predictor file is, where it came from, and its hash."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from compute_router.difficulty.errors import ModelFileError
from compute_router.difficulty.features import SCHEMA

__all__ = ["MANIFEST", "DataFile", "Format", "Manifest", "Provenance", "read", "sha256"]

MANIFEST = "manifest.json"

Format = Literal["skops", "joblib"]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class DataFile(_Strict):
    """One input of the fit. `name`: the path below the data folder."""

    name: str
    sha256: str
    rows: int


class Provenance(_Strict):
    """How the file came to be: the training command, its seed and its inputs."""

    command: str
    seed: int
    data: list[DataFile]


class Manifest(_Strict):
    """`file` lies beside the manifest; `features` is the `features.SCHEMA` it was fitted on."""

    file: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    format: Format
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(gt=0)
    features: int
    terms: int
    abilities: int
    libraries: dict[str, str]
    provenance: Provenance


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def read(directory: Path) -> Manifest:
    """The manifest in `directory`. Raises ModelFileError where it is missing, broken or of other features."""
    path = directory / MANIFEST
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ModelFileError(
            f"No difficulty predictor at {directory}: {MANIFEST} cannot be read ({error.strerror}); "
            "give the directory that holds it, or make one with `compute-router train`."
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise ModelFileError(
            f"{path} is not a predictor's manifest ({where}: {first['msg']}); "
            "restore it from version control or fit the predictor again."
        ) from error
    if manifest.features != SCHEMA:
        raise ModelFileError(
            f"{path} was fitted on version {manifest.features} of the text features and this program has "
            f"version {SCHEMA}; make it again with `compute-router train`."
        )
    return manifest
