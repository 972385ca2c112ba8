"""How the search for weights tells what it is doing."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Progress", "megabytes", "silent"]

# (what is being done, bytes done, bytes in all); called from the thread that called `resolve`, or from one
# of the hub client's own.
Progress = Callable[[str, int, int], None]


def silent(what: str, done: int, total: int) -> None:
    """The progress of a caller who does not want to know."""


def megabytes(count: int) -> str:
    """A size for a person, in units of 10^6 bytes."""
    return f"{count / 1e6:,.0f} MB" if count >= 1_000_000 else f"{count:,} bytes"
