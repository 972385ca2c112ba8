"""How many processors this program may use."""

from __future__ import annotations

import os

__all__ = ["cores"]


def cores() -> int:
    """Those that it is allowed to run on, where the system says; else those that there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
