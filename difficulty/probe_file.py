"""probe.json: the fitted probe as a few numbers, beside the predictor's files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from difficulty.errors import ModelFileError
from difficulty.manifest import Provenance
from difficulty.probe import Probe

__all__ = ["PROBE", "ProbeFile", "read", "write"]

PROBE = "probe.json"
_MOST_BYTES = 2**20

Number = Annotated[float, Field(allow_inf_nan=False)]


class _Parameters(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    scatter: Number = Field(ge=1e-3, le=1e3)
    spread: Number = Field(ge=0, le=5)
    value_shift: Number
    value_weight: Number = Field(ge=0)
    logprob_weight: Number = Field(ge=0)
    logprob_centre: Number
    curves: tuple[tuple[str, Number, Annotated[float, Field(ge=0, allow_inf_nan=False)]], ...]


class ProbeFile(BaseModel):
    """`problems`: how many the fit rests on, None where the probe was carried over with its predictor.
    `provenance`: command, seed and hashes of the inputs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    probe: _Parameters
    problems: Annotated[int, Field(ge=0)] | None
    provenance: Provenance

    @property
    def fitted(self) -> Probe:
        return Probe(**self.probe.model_dump())


def read(directory: Path) -> ProbeFile | None:
    """The file in `directory`, None where there is none. Raises ModelFileError where it is no such file."""
    path = directory / PROBE
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read ({error.strerror}).") from error
    if len(data) > _MOST_BYTES:
        raise ModelFileError(f"{path} is larger than {_MOST_BYTES} bytes, which no fitted probe is.")
    try:
        return ProbeFile.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise ModelFileError(
            f"{path} is no fitted probe ({where}: {first['msg']}); "
            "fit it again with `python -m training.probe`, or delete it to do without."
        ) from error


def write(directory: Path, probe: Probe, problems: int | None, provenance: Provenance) -> Path:
    """Write the file, whole or not at all."""
    parameters = _Parameters(**{name: getattr(probe, name) for name in _Parameters.model_fields})
    file = ProbeFile(probe=parameters, problems=problems, provenance=provenance)
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / PROBE
    temporary = path.with_name(f".{PROBE}.new")
    temporary.write_text(json.dumps(file.model_dump(), indent=2) + "\n", "utf-8")
    temporary.replace(path)
    return path
