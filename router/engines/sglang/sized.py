"""How large a served model is: a server does not tell."""

from __future__ import annotations

import math
from pathlib import Path

import orjson

from compute_router.difficulty import names
from compute_router.engines.sglang.served import Served
from compute_router.errors import InputError
from compute_router.weights.catalog import load

__all__ = ["sized"]

_HEADER = 100 * 1024 * 1024  # bytes; what the safetensors format allows


def sized(asked: str | None, served: Served | None = None) -> tuple[str, int]:
    """The name and the number of parameters of the policy model that was `asked` for, or else is `served`:
    of a known model, as its name states it, or counted in its folder where that is on this machine.

    Raises EngineError where something else is served, InputError where nothing tells the size.
    """
    name = asked or (served.name if served else "")
    model = load().words.get(name.lower())
    name = model.name if model else name.rstrip("/").rsplit("/", 1)[-1]
    if served is not None:
        served.check(name)
    if model is not None and model.params is not None:
        return name, model.params
    params = names.size(name) or (_counted(Path(served.model_path)) if served else None)
    if params is None:
        raise InputError(
            f"the size of {name} is not known: serve it under a name that states it "
            "(--served-model-name NAME-7B)"
        )
    return name, params


def _counted(folder: Path) -> int | None:
    """The parameters in a folder's safetensors files, without an input embedding that is only looked up."""
    try:
        files = sorted(folder.glob("*.safetensors"))
        sizes = {name: size for file in files for name, size in _tensors(file)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    looked_up = [name for name in sizes if name.endswith("embed_tokens.weight")]
    head = any(name.endswith("lm_head.weight") for name in sizes)
    return sum(sizes.values()) - (sum(sizes[name] for name in looked_up) if head else 0) or None


def _tensors(file: Path) -> list[tuple[str, int]]:
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        header = orjson.loads(stream.read(min(length, _HEADER)))
    return [(name, math.prod(row["shape"])) for name, row in header.items() if name != "__metadata__"]
