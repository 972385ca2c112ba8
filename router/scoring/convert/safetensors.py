"""The safetensors format: 8 bytes with the header's length, the header in JSON, the tensors' bytes."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from compute_router.errors import InputError

__all__ = ["SIZES", "Tensor", "array_of", "read_header", "write"]

SIZES: Final[Mapping[str, int]] = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
"""Bytes of a number, for the types that weights come in."""
_HEADER = 100 * 1024 * 1024
_CHUNK = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor in `file`: `start` and `length` in bytes, from the file's beginning."""

    file: Path
    dtype: str
    shape: tuple[int, ...]
    start: int
    length: int

    def read(self) -> bytes:
        return b"".join(self.chunks())

    def chunks(self) -> Iterable[bytes]:
        """Raises InputError where the file ends too early."""
        with self.file.open("rb") as stream:
            stream.seek(self.start)
            left = self.length
            while left:
                chunk = stream.read(min(left, _CHUNK))
                if not chunk:
                    raise InputError(f"{self.file} ends before its last tensor")
                left -= len(chunk)
                yield chunk


def read_header(file: Path) -> dict[str, Tensor]:
    """The tensors of a file by name. Raises InputError where it is no safetensors file, or cut off."""
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if length > min(size, _HEADER):
                raise ValueError("its header is longer than the file")
            header: dict[str, Any] = json.loads(stream.read(length))
        header.pop("__metadata__", None)
        found = {name: _tensor(file, entry, 8 + length) for name, entry in header.items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(f"{file} is no safetensors file: {error}") from error
    for name, tensor in found.items():
        if tensor.dtype in SIZES and math.prod(tensor.shape) * SIZES[tensor.dtype] != tensor.length:
            raise InputError(f"{file} says that {name} takes {tensor.length} bytes, which is not its size")
        if tensor.start + tensor.length > size:
            raise InputError(f"{file} ends before its last tensor: copy it again")
    return found


def array_of(tensor: Tensor) -> NDArray[np.float64]:
    """The numbers of a small tensor. Raises InputError where they are no floating-point numbers."""
    data = tensor.read()
    match tensor.dtype:
        case "BF16":
            found = (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4")
        case "F16" | "F32" | "F64":
            found = np.frombuffer(data, f"<f{SIZES[tensor.dtype]}")
        case other:
            raise InputError(f"{tensor.file} has a head of type {other}: only unquantized weights convert")
    return found.astype(np.float64).reshape(tensor.shape)


def write(
    file: Path, tensors: Mapping[str, Tensor | NDArray[np.float32]], wrote: Callable[[int], None]
) -> None:
    """`tensors` as one file, in constant memory. `wrote` is told of bytes as they go. Raises OSError."""
    # By falling size of their numbers, so that each lies on a multiple of it.
    order = sorted(tensors, key=lambda name: -_row(tensors[name])[2])
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name in order:
        dtype, shape, _, length = _row(tensors[name])
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + length]}
        at += length
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with file.open("xb") as stream:
        stream.write(len(text).to_bytes(8, "little") + text)
        for name in order:
            for chunk in _chunks(tensors[name]):
                stream.write(chunk)
                wrote(len(chunk))
        stream.flush()
        os.fsync(stream.fileno())


def _row(tensor: Tensor | NDArray[np.float32]) -> tuple[str, list[int], int, int]:
    """Type, shape, bytes of a number, bytes in all."""
    if isinstance(tensor, Tensor):
        return tensor.dtype, list(tensor.shape), SIZES.get(tensor.dtype, 1), tensor.length
    return "F32", list(tensor.shape), 4, tensor.nbytes


def _chunks(tensor: Tensor | NDArray[np.float32]) -> Iterable[bytes]:
    return tensor.chunks() if isinstance(tensor, Tensor) else [tensor.astype("<f4").tobytes()]


def _tensor(file: Path, entry: Mapping[str, Any], base: int) -> Tensor:
    start, end = entry["data_offsets"]
    if not 0 <= start <= end:
        raise ValueError("its offsets run backwards")
    return Tensor(file, entry["dtype"], tuple(map(int, entry["shape"])), base + start, end - start)
