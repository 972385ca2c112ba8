"""probe.json: the fitted probe as a few numbers, beside the predictor's files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from compute_router.difficulty.json_file import contents, parsed
from compute_router.difficulty.manifest import Provenance
from compute_router.difficulty.probe import Probe
from compute_router.difficulty.whole_file import write_whole

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
    data = contents(path, _MOST_BYTES, "fitted probe")
    if data is None:
        return None
    again = "install compute-router again, or delete it to do without"
    return parsed(data, ProbeFile, path, "fitted probe", again)


def write(directory: Path, probe: Probe, problems: int | None, provenance: Provenance) -> Path:
    """Write the file, whole or not at all."""
    parameters = _Parameters(**{name: getattr(probe, name) for name in _Parameters.model_fields})
    file = ProbeFile(probe=parameters, problems=problems, provenance=provenance)
    path = directory / PROBE
    write_whole(path, [(json.dumps(file.model_dump(), indent=2) + "\n").encode()])
    return path
