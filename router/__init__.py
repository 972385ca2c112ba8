"""compute-router: spends test-time compute where it pays (arXiv 2502.06703).

    from router import Problem, Settings, build

    with build(Settings()) as router:
        for result in router.solve_many([Problem("p1", "Compute 27 + 45 - 13.")]):
            print(result.answer, result.decision.strategy, result.ledger.spent)

This package is the public import. Names load on first use, so that importing it is cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from router.assemble import Settings, build
    from router.decision import Decision
    from router.engines import Engine, ScriptedEngine
    from router.errors import RouterError
    from router.job import Caps
    from router.ledger import Ledger
    from router.pipeline import Router
    from router.problem import Problem, read_problems
    from router.result import Result
    from router.run import Run
    from router.table import Table, load_table

_HOMES = {
    "Caps": "job",
    "Decision": "decision",
    "Engine": "engines",
    "Ledger": "ledger",
    "Problem": "problem",
    "Result": "result",
    "Router": "pipeline",
    "RouterError": "errors",
    "Run": "run",
    "ScriptedEngine": "engines",
    "Settings": "assemble",
    "Table": "table",
    "build": "assemble",
    "load_table": "table",
    "read_problems": "problem",
}

__all__ = [
    "Caps",
    "Decision",
    "Engine",
    "Ledger",
    "Problem",
    "Result",
    "Router",
    "RouterError",
    "Run",
    "ScriptedEngine",
    "Settings",
    "Table",
    "build",
    "load_table",
    "read_problems",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
