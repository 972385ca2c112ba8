"""Commands that can be killed, and what they leave behind."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fault_kit import Command

_DRIVER = Path(__file__).parents[1] / "support" / "kill_driver.py"


@pytest.fixture
def stderr_path(tmp_path: Path) -> Path:
    """Holds what every command so far wrote to standard error."""
    return tmp_path / "stderr.txt"


@pytest.fixture
def command(stderr_path: Path) -> Iterator[Command]:
    with (
        stderr_path.open("wb") as stderr,
        subprocess.Popen(
            [sys.executable, str(_DRIVER), "0.15", "4"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as driver,
    ):
        assert driver.stdin is not None
        assert driver.stdout is not None
        stdin, stdout = driver.stdin, driver.stdout

        def run(*arguments: str, signal: int | None = None, after: float = 0) -> tuple[int, float]:
            order = {"arguments": [*arguments, "--engine", "scripted"], "signal": signal, "after": after}
            stdin.write(json.dumps(order) + "\n")
            stdin.flush()
            ended = json.loads(stdout.readline())
            return ended["status"], ended["seconds"]

        yield run
        stdin.close()
        driver.wait()


@pytest.fixture
def sixty(tmp_path: Path) -> Path:
    """A file of 60 problems, easy to hard; one of them can be no problem, one needs a grading worker."""
    rows: list[dict[str, Any]] = []
    for i in range(20):
        rows.append({"id": f"sum-{i}", "problem": f"Compute {i + 11} + {3 * i}.", "answer": str(4 * i + 11)})
        rows.append({"id": f"word-{i}", "problem": f"Ann has {i + 2} boxes of 12 eggs. How many eggs?"})
        rows.append(
            {
                "id": f"hard-{i}",
                "problem": f"Let $p$ be a prime with $p > {i + 2}$. Prove for how many integers $n$ the "
                f"polynomial $x^{i + 3} - nx + p$ factors over the integers, and find their sum.",
                "answer": "\\frac{1}{2}" if i == 10 else str(i),
            }
        )
    rows[31]["problem"] = "broken \0 row"
    path = tmp_path / "sixty.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\n")
    return path
