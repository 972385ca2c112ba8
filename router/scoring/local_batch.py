"""Which paths go through the model together: padding costs as much as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from compute_router.scoring.local_cache import Known

__all__ = ["Row", "batches"]


@dataclass(frozen=True, slots=True)
class Row:
    """One path: `ids_N`, the ids to read after what is `known`; `at_S`, where among them scores stand."""

    number: int
    ids_N: tuple[int, ...]
    at_S: tuple[int, ...]
    known: Known | None

    @property
    def past(self) -> int:
        return self.known.tokens if self.known else 0


def batches(rows: Sequence[Row], tokens: int) -> Iterator[list[Row]]:
    """Rows of like length, each batch at most `tokens` with its padding; a longer row goes alone."""
    batch: list[Row] = []
    past = new = 0
    for row in sorted(rows, key=lambda row: (len(row.ids_N), row.past)):
        past_then, new_then = max(past, row.past), max(new, len(row.ids_N))
        if batch and (len(batch) + 1) * (past_then + new_then) > tokens:
            yield batch
            batch, past_then, new_then = [], row.past, len(row.ids_N)
        batch.append(row)
        past, new = past_then, new_then
    if batch:
        yield batch
