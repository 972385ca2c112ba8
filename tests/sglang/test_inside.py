"""SGLang in the program itself: the same engine, no server, and nothing of it left behind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from support.sglang_cpu.server import environment

MAIN = Path(__file__).parent / "solve_inside.py"


def solve(model: Path) -> dict[str, Any]:
    """What solve_inside.py prints."""
    command = (sys.executable, str(MAIN), str(model))
    ran = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=500)
    assert ran.returncode == 0, ran.stderr[-3000:]
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def test_a_search_runs_and_leaves_nothing_behind(model: Path) -> None:
    found = solve(model)
    assert found["errors"] == []
    assert found["model"] == model.name
    assert len(found["generated"]) == 3
    assert min(found["generated"]) > 0
    assert min(found["cached"]) >= 0.8  # of many short steps, all but the first reading of the prompt
    assert found["left"] == []
    assert found["signals"]


def test_a_model_that_is_not_there_is_one_error(tmp_path: Path) -> None:
    found = solve(tmp_path)
    assert f"SGLang does not load {tmp_path}" in found["refused"]
    assert found["left"] == []
