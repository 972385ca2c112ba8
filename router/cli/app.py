"""The commands and their options; each body lives in a file of its own and is loaded when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

__all__ = ["UsageError", "app"]

UsageError: Any = typer.BadParameter.__mro__[1]
"""Click's, which typer brings along under a name of its own that differs between versions."""

app = typer.Typer(
    name="compute-router",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Spends test-time compute where it pays: predicts how hard a problem is for the policy model, "
    "looks up the search that is worth it, runs it, and shows the bill (arXiv 2502.06703).",
)

Input = Annotated[
    str,
    typer.Argument(
        metavar="INPUT",
        help="A problem's text, - for standard input, or a JSONL or CSV file with 'problem' or 'question', "
        "optionally 'id' and 'answer'.",
        show_default=False,
    ),
]
StrategyOption = Annotated[
    str,
    typer.Option(
        metavar="auto|SPEC",
        help="auto asks the table; SPEC is greedy, majority:n=8,stop=0.95, beam:n=16,m=4, dvts:n=16,m=4, "
        "rebase:n=16, mcts:n=16, reroute:n=16 or best_of_n:n=8,select=weighted,aggregate=min.",
    ),
]
Budget = Annotated[
    int | None,
    typer.Option(metavar="TOKENS", min=1, help="Cap on the tokens of each problem.", show_default=False),
]
Deadline = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", help="Cap on the time of each problem.", show_default=False),
]
TotalBudget = Annotated[
    int | None,
    typer.Option(metavar="TOKENS", min=1, help="Cap on the tokens of this session.", show_default=False),
]
TotalDeadline = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", help="Cap on the time of this session.", show_default=False),
]
PolicyModelOption = Annotated[
    str | None,
    typer.Option(
        metavar="M", help="A known name, a .gguf file or a hub id (owner/repo/file.gguf).", show_default=False
    ),
]
Prm = Annotated[str, typer.Option(metavar="P", help="What scores the steps.")]
EngineOption = Annotated[Literal["embedded", "scripted"], typer.Option(help="Who runs the policy model.")]
Limit = Annotated[
    int | None, typer.Option(min=1, help="Only the first so many problems.", show_default=False)
]
TableOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Another strategy table.", show_default=False)
]
PredictorOption = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Another difficulty predictor.", show_default=False)
]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the run.")]
Json = Annotated[bool, typer.Option("--json", help="Only JSON on standard output.")]

_PRM = "logprob-baseline"


@app.command()
def solve(
    source: Input,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Run directory; the same command continues it.", show_default=False),
    ] = None,
    strategy: StrategyOption = "auto",
    budget: Budget = None,
    deadline: Deadline = None,
    total_budget: TotalBudget = None,
    total_deadline: TotalDeadline = None,
    policy_model: PolicyModelOption = None,
    prm: Prm = _PRM,
    engine: EngineOption = "embedded",
    limit: Limit = None,
    seed: Seed = 0,
    table: TableOption = None,
    predictor: PredictorOption = None,
    as_json: Json = False,
) -> None:
    """Solve problems: predicted difficulty, chosen strategy, answer and bill of each."""
    from router.assemble import Settings
    from router.cli.exits import guarded
    from router.cli.solve import solve as run
    from router.job import Caps

    settings = Settings(engine, policy_model, prm, seed, table, predictor)
    with guarded():
        code = run(
            source,
            settings,
            strategy,
            budget=budget,
            deadline_s=deadline,
            caps=Caps(total_budget, total_deadline),
            limit=limit,
            out=out,
            as_json=as_json,
        )
    raise typer.Exit(code)


@app.command()
def route(
    source: Input,
    budget: Budget = None,
    policy_model: PolicyModelOption = None,
    prm: Prm = _PRM,
    engine: EngineOption = "embedded",
    limit: Limit = None,
    table: TableOption = None,
    predictor: PredictorOption = None,
    as_json: Json = False,
) -> None:
    """Show the decision for each problem, and why, without solving."""
    from router.assemble import Settings
    from router.cli.exits import guarded
    from router.cli.route import route as run

    settings = Settings(engine, policy_model, prm, 0, table, predictor)
    with guarded():
        code = run(source, settings, budget=budget, limit=limit, as_json=as_json)
    raise typer.Exit(code)


@app.command()
def doctor(
    policy_model: PolicyModelOption = None,
    table: TableOption = None,
    predictor: PredictorOption = None,
    as_json: Json = False,
) -> None:
    """Show what is installed, which engine and weights would be used, what is missing and how to get it."""
    from router.assemble import Settings
    from router.cli.doctor import doctor as run
    from router.cli.exits import guarded

    settings = Settings("embedded", policy_model, _PRM, 0, table, predictor)
    with guarded():
        code = run(settings, as_json=as_json)
    raise typer.Exit(code)
