"""What became of every file that was imported."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from compute_router.training.importers.damage import Notes

__all__ = ["FileReport", "Finding", "Report", "findings"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of damage in one file: how often, how many rows were left out for it, and where first."""

    kind: str
    count: int
    dropped: int
    first: str


@dataclass(frozen=True, slots=True)
class FileReport:
    """One log. `joined`: rows of the log that went into another (samples, subtrees). `refused`: why nothing
    of it was taken, None where it was. `fit`: the share of its completions that seem to belong to other
    questions, None where that could not be told."""

    file: str
    form: str | None
    rows_read: int
    records: int
    joined: int
    dropped: int
    refused: str | None
    fit: float | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Every file, in the order in which they were read."""

    files: tuple[FileReport, ...]

    @property
    def records(self) -> int:
        return sum(file.records for file in self.files)

    @property
    def refused(self) -> tuple[FileReport, ...]:
        return tuple(file for file in self.files if file.refused is not None)

    def as_json(self) -> dict[str, Any]:
        return {
            "files": [asdict(file) for file in self.files],
            "records": self.records,
            "refused": len(self.refused),
        }

    def table(self) -> str:
        """Lines of text: a file each, what was found in it below."""
        lines = []
        for file in self.files:
            lines.append(
                f"{file.file} ({file.form or 'no known form'}): {file.rows_read:,} rows read, "
                f"{file.joined:,} joined, {file.dropped:,} dropped, {file.records:,} records"
            )
            if file.refused is not None:
                lines.append(f"    REFUSED: {file.refused}")
            for found in file.findings:
                dropped = f", {found.dropped:,} dropped" if found.dropped else ""
                lines.append(f"    {found.count:>6,} x {found.kind}{dropped} (first: {found.first})")
        lines.append(f"{self.records:,} records of {len(self.files):,} logs, {len(self.refused):,} refused")
        return "\n".join(lines)


def findings(notes: Notes) -> tuple[Finding, ...]:
    return tuple(
        Finding(str(kind), count, notes.dropped[kind], notes.first[kind])
        for kind, count in notes.counts.items()
    )
