"""The garbage collector of a long-lived program; called once at its edge, never by the library."""

from __future__ import annotations

import gc

__all__ = ["settle"]

YOUNG = 100_000
"""Containers made, less those freed, between two looks at the young ones; Python's own figure is 700."""


def settle() -> None:
    """Take what is loaded by now out of the collector's sight for good, and have it look seldom.

    A search makes tens of containers for every step and keeps them while the engine writes, so by the usual
    measure there is always something to look through; what it drops has no cycles and goes by its count of
    references alone. Looking took a tenth of the client's time (benchmarks/client.py).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 100)
