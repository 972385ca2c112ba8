"""`compute-router route`."""

from __future__ import annotations

import sys
from typing import Any

import orjson
from rich.console import Console
from rich.text import Text

from compute_router.cli.exits import DONE, SOME_FAILED
from compute_router.decide.decision import Decision
from compute_router.factory import Settings, chooser
from compute_router.io.display import plain
from compute_router.io.problem_file import read_problems
from compute_router.io.result_row import decision_row
from compute_router.io.strategy_text import short_name, strategy_text
from compute_router.problem import Problem
from compute_router.solve_options import SolveOptions

__all__ = ["route"]


def route(source: str, settings: Settings, options: SolveOptions, *, limit: int | None, as_json: bool) -> int:
    """Decide for what `source` names and return the exit code. Raises RouterError, ModelFileError."""
    problems = read_problems(source, limit=limit)
    sound = [problem for problem in problems if problem.error is None]
    decided = chooser(settings).decide([problem.text for problem in sound], options)
    decisions = dict(zip((problem.id for problem in sound), decided, strict=True))
    if as_json:
        rows = [_row(problem, decisions.get(problem.id)) for problem in problems]
        sys.stdout.write(orjson.dumps({"decisions": rows}, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        _show(problems, decisions)
    return DONE if len(sound) == len(problems) else SOME_FAILED


def _row(problem: Problem, decision: Decision | None) -> dict[str, Any]:
    return {
        "id": problem.id,
        "problem": problem.text,
        "decision": None if decision is None else decision_row(decision),
        "error": problem.error,
    }


def _show(problems: list[Problem], decisions: dict[str, Decision]) -> None:
    console = Console(highlight=False, emoji=False, soft_wrap=True)
    for problem in problems:
        console.print(Text.assemble((plain(problem.id, 40), "bold"), "  ", (plain(problem.text, 80), "dim")))
        decision = decisions.get(problem.id)
        if decision is None:
            console.print(Text(f"  {plain(problem.error or '')}", "red"))
            continue
        bins = decision.difficulty
        console.print(
            f"  difficulty  {decision.label} (easy {bins.easy:.2f}, medium {bins.medium:.2f}, "
            f"hard {bins.hard:.2f}; pass@1 {bins.pass_at_1:.2f})"
        )
        spec = strategy_text(decision.strategy)
        console.print(Text(f"  strategy    {plain(short_name(spec))} ({plain(spec)})"))
        console.print(Text(f"  table row   {plain(decision.table_row or '')}"))
        console.print(Text(f"  because     {plain(decision.reason)}"))
