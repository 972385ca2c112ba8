"""An average budget through the whole request path: all problems are decided together, once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import pytest
from router_kit import untimed

from compute_router import Problem, Router, SolveOptions
from compute_router.decide.table import load_table
from compute_router.difficulty import Predictor
from compute_router.engines import ScriptedEngine
from compute_router.io.result_row import result_row
from compute_router.scoring import LogprobBaseline
from support.table_kit import arm, measured, table

PROBLEMS = [
    Problem(f"p{i:02}", f"{'Prove' if i % 3 else 'Compute'} {i} + {i * i}.", str(i)) for i in range(12)
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    arms = [
        arm("greedy", (0.9, 50), (0.3, 50), (0.1, 50)),
        arm("majority:n=4", (0.95, 200), (0.6, 200), (0.4, 200)),
    ]
    path = tmp_path / "table.json"
    path.write_text(json.dumps(table(measured("mine", arms, size="<7B"))))
    return path


def strategies(
    path: Path, predictor: Predictor, problems: list[Problem], workload: list[Problem], average: float
) -> dict[str, str]:
    with Router(ScriptedEngine(), LogprobBaseline(), predictor, load_table(path)) as router:
        rows = [
            untimed(result_row(one))
            for one in router.solve_many(problems, SolveOptions(average_budget=average), workload=workload)
        ]
    assert len(rows) == len(problems)
    return {row["id"]: cast(str, row["decision"]["strategy"]) for row in rows}


def test_the_budget_is_used_and_kept_whatever_the_order(path: Path, predictor: Predictor) -> None:
    found = strategies(path, predictor, PROBLEMS, [], 100)
    dear = [name for name, strategy in found.items() if strategy == "majority:n=4"]
    assert len(dear) == 4  # 12 x 100 tokens: 12 x 50, and 4 x 150 more
    assert strategies(path, predictor, PROBLEMS[::-1], [], 100) == found


def test_a_run_goes_on_as_it_began(path: Path, predictor: Predictor) -> None:
    found = strategies(path, predictor, PROBLEMS, [], 100)
    rest = strategies(path, predictor, PROBLEMS[5:], PROBLEMS[:5], 100)
    assert rest == {problem.id: found[problem.id] for problem in PROBLEMS[5:]}


def test_a_gain_that_is_not_sure_is_not_paid_for(tmp_path: Path, predictor: Predictor) -> None:
    """What is sure is what the average pays for all; the rest of it buys nothing doubtful."""
    arms = [arm("greedy", (0.5, 100)), arm("majority:n=4", (0.6, 400))]
    path = tmp_path / "table.json"
    for sd, dear in ((0.0, 6), (0.3, 0)):
        path.write_text(json.dumps(table(measured("mine", arms, size="<7B", sd=sd))))
        found = strategies(path, predictor, PROBLEMS, [], 250)
        assert sum(strategy == "majority:n=4" for strategy in found.values()) == dear
        assert set(strategies(path, predictor, PROBLEMS, [], 400).values()) == {"majority:n=4"}
