"""compute-router: spends test-time compute where it pays (arXiv 2502.06703).

    from compute_router import Problem, Settings, build
    from compute_router.policies import arm_name

    with build(Settings()) as router:
        for result in router.solve_many([Problem("p1", "Compute 27 + 45 - 13.")]):
            print(result.answer, arm_name(result.decision.strategy), result.ledger.spent)

`SolveOptions` says how: a strategy of one's own choice, a budget, a deadline.

    from compute_router import SolveOptions
    from compute_router.policies import Majority

    router.solve("Compute 27 + 45 - 13.", SolveOptions(strategy=Majority(n=8), budget=2000))

Any object with `name`, `needs_prm` and `search(limits)` is a strategy; compute_router.policies has what a
search asks for. This package is the public import. Names load on first use, so that importing it is cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from compute_router.version import __version__

if TYPE_CHECKING:
    from compute_router.decide.decision import Decision
    from compute_router.decide.table import Table, load_table
    from compute_router.engines import Engine, ScriptedEngine
    from compute_router.errors import RouterError
    from compute_router.execute.search_job import Caps
    from compute_router.factory import Settings, build
    from compute_router.io.problem_file import read_problems
    from compute_router.io.run_directory import Run
    from compute_router.ledger import Ledger
    from compute_router.pipeline import Router
    from compute_router.policies import Outcome, Strategy
    from compute_router.problem import Problem
    from compute_router.result import Result
    from compute_router.solve_options import SolveOptions

_HOMES = {
    "Caps": "execute.search_job",
    "Decision": "decide.decision",
    "Engine": "engines",
    "Ledger": "ledger",
    "Outcome": "policies",
    "Problem": "problem",
    "Result": "result",
    "Router": "pipeline",
    "RouterError": "errors",
    "Run": "io.run_directory",
    "ScriptedEngine": "engines",
    "Settings": "factory",
    "SolveOptions": "solve_options",
    "Strategy": "policies",
    "Table": "decide.table",
    "build": "factory",
    "load_table": "decide.table",
    "read_problems": "io.problem_file",
}

__all__ = [
    "Caps",
    "Decision",
    "Engine",
    "Ledger",
    "Outcome",
    "Problem",
    "Result",
    "Router",
    "RouterError",
    "Run",
    "ScriptedEngine",
    "Settings",
    "SolveOptions",
    "Strategy",
    "Table",
    "__version__",
    "build",
    "load_table",
    "read_problems",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
