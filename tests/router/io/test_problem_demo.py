"""The demo problems: every gold answer checked by a second calculation."""

from __future__ import annotations

import collections
import json
import subprocess
import sys
from fractions import Fraction
from itertools import product
from pathlib import Path

import pytest

from compute_router.io.problem_file import read_problems
from research.workloads.arithmetic_problems import arithmetic_problem
from support.places import ROOT

DEMO = ROOT / "configs/problems/demo.jsonl"

ROWS = {row["id"]: row for row in map(json.loads, DEMO.read_text("utf-8").splitlines())}

WORKED: dict[str, Fraction | int] = {
    "word-01": 14 + 9,
    "word-02": (3 + 11) * 6,
    "word-03": 7 * 12,
    "word-04": Fraction(900, 45 - 9),
    "word-05": 18 + 2 * 18 + (2 * 18 - 7),
    "word-06": Fraction(85, 5),
    "word-07": 480 - Fraction(480, 4) - 35 + 19,
    "word-08": Fraction(56, 8),
    "word-09": (35 * 16 + (43 - 35) * 16 * Fraction(3, 2)) * Fraction(4, 5),
    "word-10": 63 - 28,
    "word-11": 85 * (60 * Fraction(3, 2) / (85 - 60)),
    "algebra-01": 42 - 17,
    "algebra-02": 250 * Fraction(30, 100),
    "algebra-03": pow(7, 100, 13),
    "algebra-04": Fraction(14 + 8, 5 - 3),
    "algebra-05": next(
        x + y for x, y in product(range(30), repeat=2) if (2 * x + 3 * y, 5 * x - y) == (27, 8)
    ),
    "algebra-06": 4 * 6 - 3 * 5,
    "algebra-07": Fraction(sum(a + b == 9 for a, b in product(range(1, 7), repeat=2)), 36),
    "algebra-08": 3**4 - 2**5,
    "algebra-09": sum(360 % d == 0 for d in range(1, 361)),
    "algebra-10": next(n for n in range(1, 129, 2) if n + (n - 2) + (n - 4) == 129),
}


def value(answer: str) -> Fraction:
    return Fraction(answer.replace(r"\frac{", "").replace("}{", "/").rstrip("}"))


def test_there_are_32_of_three_kinds_and_all_can_be_read() -> None:
    problems = read_problems(str(DEMO))
    assert len(problems) == len(ROWS) == 32
    assert all(p.gold and p.error is None for p in problems)
    assert min(collections.Counter(row["kind"] for row in ROWS.values()).values()) >= 10


@pytest.mark.parametrize("key", [key for key, row in ROWS.items() if row["kind"] != "sum"])
def test_a_written_answer_is_right(key: str) -> None:
    assert value(ROWS[key]["answer"]) == WORKED[key]


@pytest.mark.parametrize("key", [key for key, row in ROWS.items() if row["kind"] == "sum"])
def test_a_sum_is_right_and_can_be_made_again(key: str) -> None:
    row = ROWS[key]
    expression = row["problem"].removeprefix("Compute ").removesuffix(".")
    assert sum(map(int, expression.replace("+ ", "+").replace("- ", "-").split())) == int(row["answer"])
    shape, seed = key.removeprefix("sum-").split("-")
    terms, digits = map(int, shape.split("x"))
    assert arithmetic_problem(terms, digits, int(seed)) == row
    assert int(seed) // 1_000_000 == 7, "a seed that no sweep of the default seed uses"


def test_the_generator_covers_the_grid_and_repeats_itself(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "research",
        "arithmetic",
        "--terms",
        "2-4",
        "--digits",
        "1-2",
        "--count",
        "14",
    ]
    first, again = (subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in "ab")
    assert first == again
    path = tmp_path / "sums.jsonl"
    path.write_text(first)
    assert len(read_problems(str(path))) == 14
    shapes = {row["id"].split("-")[1] for row in map(json.loads, first.splitlines())}
    assert shapes == {"2x1", "2x2", "3x1", "3x2", "4x1", "4x2"}
