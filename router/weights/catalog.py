"""The models known by name: configs/models.yaml, read strictly."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from compute_router.errors import WeightsError
from compute_router.io.data_files import data_path
from compute_router.weights.weight_file import HubFile, Mirror, Model, Pin

__all__ = ["Catalog", "load"]

_LIMIT = 64 * 1024  # bytes; the file is a page of text

_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class _HubRow(_Strict):
    repo: str
    file: str

    @model_validator(mode="after")
    def _is_an_id(self) -> Self:
        if HubFile.parse(f"{self.repo}:{self.file}") is None:
            raise ValueError("repo must be owner/name and file a .gguf file in it")
        return self


class _MirrorRow(_Strict):
    package: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*(\{n\})?$")]
    version: Annotated[str, Field(pattern=r"^[0-9][0-9a-z.]*$")]
    parts: Annotated[int, Field(ge=1, le=999)]
    member: Annotated[str, Field(min_length=1)]

    @model_validator(mode="after")
    def _parts_are_numbered(self) -> Self:
        if (self.parts > 1) != ("{n}" in self.package):
            raise ValueError("package must hold {n} where there are several parts, and only there")
        return self


class _ModelRow(_Strict):
    aliases: list[_Name]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    bytes: Annotated[int, Field(gt=0)]
    params: Annotated[int, Field(gt=0)]
    licence: str
    hub: _HubRow
    mirror: _MirrorRow


class _File(_Strict):
    default: str
    models: Annotated[dict[_Name, _ModelRow], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_are_clear(self) -> Self:
        words = [word.lower() for name, row in self.models.items() for word in (name, *row.aliases)]
        if twice := {word for word in words if words.count(word) > 1}:
            raise ValueError(f"named twice: {', '.join(sorted(twice))}")
        if self.default not in self.models:
            raise ValueError(f"the default {self.default} is not among the models")
        return self


@dataclass(frozen=True, slots=True)
class Catalog:
    """The known models; `words` maps every lower-case name and alias to its model."""

    default: str
    models: tuple[Model, ...]
    words: dict[str, Model]

    def find(self, name: str) -> Model:
        """The model of that name or alias, in any case of letters. Raises WeightsError with a suggestion."""
        if model := self.words.get(name.lower()):
            return model
        near = difflib.get_close_matches(name[:100].lower(), self.words, n=1)
        hint = f"; did you mean {self.words[near[0]].name}?" if near else "."
        known = ", ".join(model.name for model in self.models)
        shown = repr(name if len(name) <= 100 else name[:100] + "…")
        raise WeightsError(
            f"no policy model is called {shown}{hint} Known: {known}; or name a file (/path/to/model.gguf) "
            "or a hub id (owner/repo/file.gguf)"
        )

    def pinned(self, pin: Pin) -> Model | None:
        """The model whose file has exactly this size and hash."""
        return next((model for model in self.models if model.pin == pin), None)


def load() -> Catalog:
    """Reads configs/models.yaml. Raises WeightsError, one sentence, where it is not what it should be."""
    path = data_path("models.yaml")
    try:
        rows = _File.model_validate(yaml.safe_load(_read(path)))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise WeightsError(f"{path} is not a valid list of models: {where}: {first['msg']}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise WeightsError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    words: dict[str, Model] = {}
    models = []
    for name, row in rows.models.items():
        hub, mirror = HubFile(**row.hub.model_dump()), Mirror(**row.mirror.model_dump())
        model = Model(name, hub, Pin(row.bytes, row.sha256), mirror, row.params)
        models.append(model)
        words |= {word.lower(): model for word in (name, *row.aliases)}
    return Catalog(rows.default, tuple(models), words)


def _read(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(_LIMIT + 1)
    if len(data) > _LIMIT:
        raise WeightsError(f"{path} is larger than {_LIMIT} bytes: it is no list of models")
    return data.decode()
