"""What the fault tests share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Protocol


class Command(Protocol):
    def __call__(self, *arguments: str, signal: int | None = None, after: float = 0) -> tuple[int, float]:
        """The exit code (-signal where that ended it) and the seconds it lived."""
        ...


def rows_of(run: Path) -> dict[str, Any]:
    """The rows of a run by id, their seconds apart; that none is there twice is checked."""
    lines = (run / "results.jsonl").read_text().splitlines()
    rows = {row["id"]: row for row in map(json.loads, lines)}
    assert len(rows) == len(lines)
    for row in rows.values():
        del row["ledger"]["seconds"]
    return rows
