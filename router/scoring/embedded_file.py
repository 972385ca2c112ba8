"""The embedded PRM as files: prm.json, its weights by feature, and manifest.json, their origin and hash.
Numbers only: reading them runs no code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from compute_router.difficulty import ModelFileError, names
from compute_router.difficulty.json_file import contents, parsed
from compute_router.difficulty.manifest import MANIFEST, Provenance, sha256
from compute_router.difficulty.whole_file import write_whole
from compute_router.errors import RouterError
from compute_router.io.data_files import data_path
from compute_router.scoring.arithmetic import FEATURES, SCHEMA
from compute_router.scoring.linear import Linear, Weights

__all__ = ["FILE", "Manifest", "read", "read_manifest", "shipped", "write"]

FILE = "prm.json"

_MOST_BYTES = 2**20
_AGAIN = "train it again with `compute-router train-prm`"

Number = Annotated[float, Field(allow_inf_nan=False, ge=-1e6, le=1e6)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class _Linear(_Strict):
    """`weights` and `centres` by feature."""

    intercept: Number
    centres: dict[str, Number]
    weights: dict[str, Number]

    @model_validator(mode="after")
    def _whole(self) -> _Linear:
        if not set(self.centres) == set(self.weights) == set(FEATURES):
            raise ValueError(f"its features are not {', '.join(FEATURES)}")
        return self

    @property
    def linear(self) -> Linear:
        return Linear(
            self.intercept,
            tuple(self.centres[name] for name in FEATURES),
            tuple(self.weights[name] for name in FEATURES),
        )


class _File(_Strict):
    schema_version: Literal[1] = 1
    open: _Linear
    answered: _Linear


class Manifest(_Strict):
    """`evidence`: the version of the features it was trained on; `problems` and `paths`: on how many;
    `policy_models`: whose."""

    file: Literal["prm.json"] = "prm.json"
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(gt=0)
    evidence: int
    problems: int = Field(ge=1)
    paths: int = Field(ge=1)
    policy_models: list[str]
    libraries: dict[str, str]
    provenance: Provenance


def shipped(policy_model: str | None = None) -> Path:
    """The directory of the PRM that comes with this program: the one that was trained on solutions of
    `policy_model` where there is one, else the first one. Raises ModelFileError where none comes with it."""
    if policy_model is not None:
        try:
            return data_path(f"prm/{names.base(policy_model)}/{MANIFEST}").parent
        except RouterError:
            pass
    try:
        return data_path(f"prm/{MANIFEST}").parent
    except RouterError as error:
        raise ModelFileError(
            "This installation has no embedded PRM (configs/prm); train one with "
            "`compute-router train-prm RUN... --out configs/prm`."
        ) from error


def read_manifest(directory: Path) -> Manifest:
    """Raises ModelFileError where it is missing, broken or of other features."""
    path = directory / MANIFEST
    data = contents(path, _MOST_BYTES, "PRM's manifest")
    if data is None:
        raise ModelFileError(f"No embedded PRM at {directory}: {MANIFEST} is missing; {_AGAIN}.")
    manifest = parsed(data, Manifest, path, "PRM's manifest", _AGAIN)
    if manifest.evidence != SCHEMA:
        raise ModelFileError(
            f"{path} is of version {manifest.evidence} of the evidence and this program has version "
            f"{SCHEMA}; {_AGAIN}."
        )
    return manifest


def read(directory: Path) -> Weights:
    """What `write` wrote. Raises ModelFileError: missing, damaged, mixed up, of another version."""
    manifest = read_manifest(directory)
    path = directory / manifest.file
    data = contents(path, _MOST_BYTES, "embedded PRM")
    if data is None:
        raise ModelFileError(f"{path} is missing; {_AGAIN}.")
    if len(data) != manifest.bytes or sha256(data) != manifest.sha256:
        raise ModelFileError(
            f"{path} is not the file that its manifest names ({len(data)} of {manifest.bytes} bytes, "
            f"sha256 {sha256(data)[:12]} instead of {manifest.sha256[:12]}); {_AGAIN}."
        )
    file = parsed(data, _File, path, "embedded PRM", _AGAIN)
    return Weights(file.open.linear, file.answered.linear)


def write(
    directory: Path,
    weights: Weights,
    provenance: Provenance,
    *,
    problems: int,
    paths: int,
    policy_models: Sequence[str],
    libraries: Mapping[str, str],
) -> Manifest:
    """Write both files, the manifest last: what is torn is refused by `read`. Raises OSError."""
    file = _File(open=_by_feature(weights.open), answered=_by_feature(weights.answered))
    data = (file.model_dump_json(indent=2) + "\n").encode()
    manifest = Manifest(
        sha256=sha256(data),
        bytes=len(data),
        evidence=SCHEMA,
        problems=problems,
        paths=paths,
        policy_models=list(policy_models),
        libraries=dict(libraries),
        provenance=provenance,
    )
    write_whole(directory / manifest.file, [data])
    write_whole(directory / MANIFEST, [(manifest.model_dump_json(indent=2) + "\n").encode()])
    return manifest


def _by_feature(linear: Linear) -> _Linear:
    return _Linear(
        intercept=linear.intercept,
        centres=dict(zip(FEATURES, linear.centres_F, strict=True)),
        weights=dict(zip(FEATURES, linear.weights_F, strict=True)),
    )
