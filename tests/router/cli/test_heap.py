"""The collector looks seldom once the program's edge says so, and not before."""

from __future__ import annotations

import subprocess
import sys


def test_only_the_edge_changes_the_collector() -> None:
    program = (
        "import gc; before, frozen = gc.get_threshold(), gc.get_freeze_count(); import compute_router.cli;"
        "from compute_router.cli.heap import settle;"
        "assert (gc.get_threshold(), gc.get_freeze_count()) == (before, frozen);"
        "settle(); assert gc.get_threshold() > before and gc.get_freeze_count() > frozen"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
