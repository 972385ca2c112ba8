"""The header of a GGUF file: what model it is, without its tensors.

The file may be anyone's: every length is checked against what is left of it before a byte is read, and the
header against a limit, so a damaged or crafted file costs one WeightsError and at most about a second.
Layout: the ggml project's docs/gguf.md, versions 2 and 3, little endian.
"""

from __future__ import annotations

import math
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from compute_router.errors import WeightsError

__all__ = ["GgufHeader", "check_magic", "read_header"]

_MAGIC = b"GGUF"
_HEADER_LIMIT = 64 * 1024 * 1024  # bytes; vocabularies of 260,000 tokens take about 15 MB
_MOST_ENTRIES, _MOST_TENSORS, _MOST_DIMENSIONS = 4096, 100_000, 4

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9

_FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K",
    11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M",
    18: "Q6_K", 32: "BF16",
}  # fmt: skip

_Value = int | float | str | None  # None: an array, skipped


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """What a GGUF file says of itself; None where it does not say.

    `parameters` counts the elements of all tensors. Of these, `lookup_parameters` sit in an input embedding
    that has an output matrix beside it: they are looked up and never multiplied, so a token costs about
    2 * (parameters - lookup_parameters) FLOPs. `context_length` is in tokens.
    """

    name: str | None
    architecture: str | None
    parameters: int
    lookup_parameters: int
    context_length: int | None
    file_type: str | None
    has_chat_template: bool

    @property
    def active_parameters(self) -> int:
        """Parameters that a token is multiplied with: what FLOPs are counted from."""
        return self.parameters - self.lookup_parameters


def check_magic(path: Path) -> None:
    """Raises WeightsError unless the file starts as a GGUF file does, OSError if it cannot be read."""
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise WeightsError(f"{path} is not a GGUF file")


def read_header(path: Path) -> GgufHeader:
    """Reads the header (about 0.1 s for a vocabulary of 150,000 tokens). Raises WeightsError."""
    try:
        check_magic(path)
        with path.open("rb") as file:
            return _parse(_Cursor(file))
    except WeightsError:
        raise
    except OSError as error:
        raise WeightsError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise WeightsError(f"{path} is a damaged GGUF file: {error}") from error


class _Cursor:
    """Reads forward and never past the end. Raises ValueError."""

    def __init__(self, file: BinaryIO) -> None:
        self.size = os.fstat(file.fileno()).st_size
        self.left = min(self.size, _HEADER_LIMIT)
        self._read = file.read

    @property
    def position(self) -> int:
        return min(self.size, _HEADER_LIMIT) - self.left

    def take(self, count: int) -> bytes:
        self.left -= count
        if self.left < 0:
            raise ValueError("it ends, or goes on too long, in its header")
        return self._read(count)

    def number(self, code: str) -> int | float:
        layout = "<" + code
        data = self.take(struct.calcsize(layout))
        try:
            value: int | float = struct.unpack(layout, data)[0]
        except struct.error as error:  # another process cut the file meanwhile
            raise ValueError("it changes while it is read") from error
        return value

    def count(self, code: str, most: int, what: str) -> int:
        value = int(self.number(code))
        if value > most:
            raise ValueError(f"it claims {value} {what}")
        return value

    def string(self) -> str:
        return self.take(int(self.number("Q"))).decode(errors="replace")

    def skip_strings(self, count: int) -> None:
        # A vocabulary has hundreds of thousands of these: `string` written out flat.
        read, left = self._read, self.left
        for _ in range(count):
            length = int.from_bytes(read(8), "little")
            left -= 8 + length
            if left < 0:
                break
            read(length)
        self.left = left
        self.take(0)


def _parse(cursor: _Cursor) -> GgufHeader:
    cursor.take(len(_MAGIC))
    if (version := cursor.number("I")) not in (2, 3):
        raise ValueError(f"its version {version} is not 2 or 3")
    tensors = cursor.count("Q", _MOST_TENSORS, "tensors")
    entries = cursor.count("Q", _MOST_ENTRIES, "metadata entries")
    values = {cursor.string(): _value(cursor) for _ in range(entries)}
    parameters, furthest, ends = 0, 0, dict.fromkeys(("token_embd.weight", "output.weight"), 0)
    for _ in range(tensors):
        name, elements, offset = _tensor(cursor)
        parameters += elements
        furthest = max(furthest, offset)
        if name in ends:
            ends[name] = elements
    alignment = values.get("general.alignment", 32)
    if not isinstance(alignment, int) or alignment <= 0:
        raise ValueError(f"its alignment is {alignment}")
    start = -(-cursor.position // alignment) * alignment
    if tensors and start + furthest >= cursor.size:
        raise ValueError("it is cut off before its last tensor")
    architecture = _text(values, "general.architecture")
    context, file_type = values.get(f"{architecture}.context_length"), values.get("general.file_type")
    return GgufHeader(
        name=_text(values, "general.name"),
        architecture=architecture,
        parameters=parameters,
        lookup_parameters=ends["token_embd.weight"] if ends["output.weight"] else 0,
        context_length=context if isinstance(context, int) else None,
        file_type=_FILE_TYPES.get(file_type, f"type {file_type}") if isinstance(file_type, int) else None,
        has_chat_template="tokenizer.chat_template" in values,
    )


def _value(cursor: _Cursor) -> _Value:
    kind = int(cursor.number("I"))
    if kind == _STRING:
        return cursor.string()
    if kind == _ARRAY:
        kind, count = int(cursor.number("I")), int(cursor.number("Q"))
        if kind == _STRING:
            cursor.skip_strings(count)
        else:
            cursor.take(count * _size(kind))
        return None
    _size(kind)
    return cursor.number(_SCALARS[kind])


def _size(kind: int) -> int:
    if kind not in _SCALARS:  # nested arrays too: no engine reads them
        raise ValueError(f"it has metadata of the unknown type {kind}")
    return struct.calcsize("<" + _SCALARS[kind])


def _tensor(cursor: _Cursor) -> tuple[str, int, int]:
    """(name, elements, offset in bytes from the start of the tensor data)"""
    name = cursor.string()
    dimensions = cursor.count("I", _MOST_DIMENSIONS, "dimensions of a tensor")
    elements = math.prod(int(cursor.number("Q")) for _ in range(dimensions))
    cursor.number("I")  # its quantization
    return name, elements, int(cursor.number("Q"))


def _text(values: dict[str, _Value], key: str) -> str | None:
    value = values.get(key)
    return value if isinstance(value, str) else None
