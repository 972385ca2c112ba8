"""A PRM's folder as SGLang serves it: written beside the result, renamed once it is whole."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import file_digest
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compute_router.errors import InputError
from compute_router.scoring.convert.heads import Head
from compute_router.scoring.convert.safetensors import Tensor, write
from compute_router.scoring.convert.source import INDEX, Source, read_json, read_source
from compute_router.scoring.known_prms import CONVERTED_KEY

__all__ = ["MANIFEST", "Converted", "convert"]

MANIFEST = "conversion.json"

Progress = Callable[[int, int], None]
"""Bytes written so far, and in all."""


@dataclass(frozen=True, slots=True)
class Converted:
    """What was written: the hub id that the PRM is known by, the class that serves it, bytes of weights."""

    out: Path
    prm: str
    architecture: str
    size: int


def convert(folder: Path, out: Path, *, command: str = "", progress: Progress | None = None) -> Converted:
    """Write the PRM in `folder` to the new folder `out`, as SGLang serves it.

    Raises InputError where `folder` holds no such PRM, `out` is there already, or the disk is full; nothing
    is left behind then.
    """
    if out.exists() or out.is_symlink():
        raise InputError(f"{out} is there already: nothing is overwritten")
    source = read_source(folder)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(out.parent).free
        if free < source.size:
            raise InputError(f"the disk is full: {free:,} bytes left, and the PRM takes {source.size:,}")
        temporary = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
        try:
            size = _weights(source, temporary, progress)
            _carry(source, temporary)
            _write(temporary / "config.json", _config(source))
            _write(temporary / MANIFEST, _manifest(source, temporary, command))
            temporary.chmod(0o755)
            temporary.rename(out)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        why = "the disk is full" if full else error.strerror or str(error)
        raise InputError(f"{out} cannot be written: {why}") from error
    return Converted(out, source.prm, source.head.architecture, size)


def _weights(source: Source, out: Path, progress: Progress | None) -> int:
    """A file for each of the source's, and the index where there are several; the bytes written."""
    head = source.head
    anchor = next(tensor.file.name for tensor in head.tensors.values() if isinstance(tensor, Tensor))
    kept: dict[str, dict[str, Tensor | NDArray[np.float32]]] = {}
    for file, shard in source.shards.items():
        body = {name: tensor for name, tensor in shard.items() if _stays(name, head)}
        if tensors := {**(head.tensors if file == anchor else {}), **body}:
            kept[file] = tensors
    total = sum(_length(tensor) for tensors in kept.values() for tensor in tensors.values())
    done = 0

    def wrote(n: int) -> None:
        nonlocal done
        done += n
        if progress is not None:
            progress(done, total)

    for file, tensors in kept.items():
        write(out / file, tensors, wrote)
    if len(kept) > 1:
        places = {name: file for file, tensors in kept.items() for name in sorted(tensors)}
        _write(out / INDEX, {"metadata": {"total_size": total}, "weight_map": places})
    return total


def _stays(name: str, head: Head) -> bool:
    # The classes that serve heads have no lm_head, and stumble over one.
    return name not in head.replaced and not name.startswith("lm_head.")


def _length(tensor: Tensor | NDArray[np.float32]) -> int:
    return tensor.length if isinstance(tensor, Tensor) else tensor.nbytes


def _carry(source: Source, out: Path) -> None:
    for name in source.tokenizer:
        if name == "tokenizer_config.json":
            settings = read_json(source.folder / name)
            _write(out / name, {key: value for key, value in settings.items() if key != "auto_map"})
        else:
            shutil.copyfile(source.folder / name, out / name)


def _config(source: Source) -> dict[str, Any]:
    kept = {key: value for key, value in source.config.items() if key != "auto_map"}
    labels = [f"LABEL_{label}" for label in range(source.head.labels)]
    return kept | {
        "architectures": [source.head.architecture],
        "model_type": "qwen2",
        "id2label": {str(at): label for at, label in enumerate(labels)},
        "label2id": {label: at for at, label in enumerate(labels)},
        CONVERTED_KEY: source.prm,
    }


def _manifest(source: Source, out: Path, command: str) -> dict[str, Any]:
    inputs = sorted(["config.json", *source.shards, *source.tokenizer])
    return {
        "schema_version": 1,
        "command": command,
        "compute_router": metadata.version("compute-router"),
        "prm": source.prm,
        "head": source.head.kind,
        "architecture": source.head.architecture,
        "inputs": {name: _hashed(source.folder / name) for name in inputs},
        "outputs": {file.name: _hashed(file) for file in sorted(out.iterdir())},
    }


def _hashed(file: Path) -> dict[str, int | str]:
    with file.open("rb") as stream:
        return {"bytes": file.stat().st_size, "sha256": file_digest(stream, "sha256").hexdigest()}


def _write(file: Path, document: Mapping[str, Any]) -> None:
    with file.open("x", encoding="utf-8") as stream:
        stream.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
