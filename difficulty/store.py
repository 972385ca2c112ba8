"""Predictor files: skops + manifest, written whole and read without running code.

Reading is a row of gates, each before anything behind it is looked at: the manifest, the size, the
hash, every type named inside the file against `ALLOWED`, the unpacked size, and at last the values.
The hash tells damage and mix-ups from the real file; it is no signature. The types are what keeps a
file crafted together with its manifest from running code.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from compute_router.difficulty import probe_file
from compute_router.difficulty.codec import State, from_state, to_state
from compute_router.difficulty.errors import ModelFileError
from compute_router.difficulty.features import SCHEMA
from compute_router.difficulty.manifest import MANIFEST, Format, Manifest, Provenance, read, sha256
from compute_router.difficulty.predictor import Predictor
from compute_router.difficulty.probe import EWENS
from compute_router.difficulty.whole_file import write_whole

__all__ = ["ALLOWED", "MAX_BYTES", "load", "save"]

MAX_BYTES = 64 * 2**20
"""A larger file, packed or unpacked, is refused."""

ALLOWED = frozenset(
    {
        ("builtins", "dict", "DictNode"),
        ("builtins", "list", "ListNode"),
        ("builtins", "str", "TypeNode"),
        ("builtins", "str", "JsonNode"),
        ("numpy", "ndarray", "NdArrayNode"),
    }
)
"""(module, class, loader) of everything a skops file may contain."""

_LIBRARIES = ("numpy", "scikit-learn", "skops")
_AGAIN = "install compute-router again, or make another with `compute-router train`"


def save(
    predictor: Predictor, directory: Path, provenance: Provenance, *, form: Format = "skops"
) -> Manifest:
    """Write `predictor.<form>` and its manifest into `directory`; the manifest last, so that a torn
    write is refused by the reader and not believed. A fitted probe goes with it, in a file of its own."""
    directory.mkdir(parents=True, exist_ok=True)
    data = _pack(to_state(predictor), form)
    manifest = Manifest(
        file=f"predictor.{form}",
        format=form,
        sha256=sha256(data),
        bytes=len(data),
        features=SCHEMA,
        terms=len(predictor.text.terms),
        abilities=len(predictor.abilities.known),
        libraries={name: version(name) for name in _LIBRARIES},
        provenance=provenance,
    )
    if predictor.probe != EWENS:
        probe_file.write(directory, predictor.probe, None, provenance)
    write_whole(directory / manifest.file, [data])
    write_whole(directory / MANIFEST, [(manifest.model_dump_json(indent=2) + "\n").encode()])
    return manifest


def load(directory: Path, *, trust: bool = False) -> Predictor:
    """Read what `save` wrote, and the fitted probe where one lies beside it. Raises ModelFileError; a joblib
    file also without `trust=True`."""
    manifest = read(directory)
    path = directory / manifest.file
    if manifest.format == "joblib" and not trust:
        raise ModelFileError(
            f"{path} is a joblib file, which can run any code when it is loaded; "
            "save it as skops, or pass trust=True if you wrote it yourself."
        )
    data = _bytes(path, manifest)
    probe = probe_file.read(directory)
    try:
        predictor = from_state(_unpack(data, manifest.format))
        return predictor if probe is None else replace(predictor, probe=probe.fitted)
    except ModelFileError as error:
        raise ModelFileError(f"{path} {error}; {_AGAIN}.") from error
    except Exception as error:  # what a crafted file makes the parsers raise is open-ended
        raise ModelFileError(f"{path} holds no predictor of this version ({error}); {_AGAIN}.") from error


def _bytes(path: Path, manifest: Manifest) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read ({error.strerror}); {_AGAIN}.") from error
    if len(data) > MAX_BYTES:
        raise ModelFileError(f"{path} is larger than {MAX_BYTES} bytes, which no predictor is; {_AGAIN}.")
    if len(data) != manifest.bytes or sha256(data) != manifest.sha256:
        raise ModelFileError(
            f"{path} is not the file that its manifest names ({len(data)} of {manifest.bytes} bytes, "
            f"sha256 {sha256(data)[:12]} instead of {manifest.sha256[:12]}); {_AGAIN}."
        )
    return data


def _pack(state: State, form: Format) -> bytes:
    if form == "joblib":
        import joblib

        buffer = io.BytesIO()
        joblib.dump(state, buffer, compress=3)
        return buffer.getvalue()
    import skops.io

    packed: bytes = skops.io.dumps(state, compression=zipfile.ZIP_DEFLATED)
    return packed


def _unpack(data: bytes, form: Format) -> Any:
    if form == "joblib":
        import joblib

        return joblib.load(io.BytesIO(data))
    _check_types(data)
    import skops.io

    return skops.io.loads(data, trusted=[])


def _check_types(data: bytes) -> None:
    """Raises ModelFileError unless the skops file is whole and names only `ALLOWED` types."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(member.file_size for member in archive.infolist()) > MAX_BYTES:
                raise ModelFileError(f"unpacks to more than {MAX_BYTES} bytes")
            schema = json.loads(archive.read("schema.json"))
    except (zipfile.BadZipFile, KeyError, ValueError, RecursionError, NotImplementedError, EOFError) as error:
        raise ModelFileError(f"is no skops file ({error})") from error
    pending = [schema]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            pending.extend(node.values())
            if "__class__" in node or "__loader__" in node:
                kind = tuple(node.get(f"__{part}__") for part in ("module", "class", "loader"))
                if kind not in ALLOWED:
                    raise ModelFileError(f"contains {kind[0]}.{kind[1]} ({kind[2]}), which no predictor does")
        elif isinstance(node, list):
            pending.extend(node)
