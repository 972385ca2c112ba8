"""Types of the fixtures in conftest.py."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from compute_router import Router

MakeRouter = Callable[..., Router]


@dataclass(frozen=True)
class Ran:
    """What a command left: its exit code and its two outputs."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Standard output, which must be one JSON document and nothing else."""
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def refusal(self) -> str:
        """The one error of a command that did nothing."""
        head = "compute-router: error: "
        assert (self.code, self.out) == (2, ""), self
        assert self.err.startswith(head), self
        assert self.err.count(head) == 1
        assert self.err.endswith("\n")
        return self.err.removeprefix(head).rstrip("\n")


class Cli(Protocol):
    def __call__(self, *arguments: str) -> Ran: ...


def untimed(row: dict[str, Any]) -> dict[str, Any]:
    """The row without its seconds, the one figure that no two runs share."""
    return {**row, "ledger": {**row["ledger"], "seconds": None}}
