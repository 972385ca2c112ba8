"""solve, route, doctor: what they take; each body lives in a file of its own and is loaded when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from compute_router.cli.options import (
    AverageBudget,
    Budget,
    Deadline,
    EngineOption,
    EngineUrls,
    Input,
    Json,
    Limit,
    PolicyModelOption,
    PredictorOption,
    PriceOption,
    PriceUnit,
    Prm,
    PrmUrls,
    Recordings,
    Seed,
    StrategyOption,
    TableOption,
    TotalBudget,
    TotalDeadline,
)

__all__ = ["doctor", "route", "solve"]


def solve(
    source: Input,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Run directory; the same command continues it.", show_default=False),
    ] = None,
    strategy: StrategyOption = "auto",
    budget: Budget = None,
    average_budget: AverageBudget = None,
    price: PriceOption = None,
    price_unit: PriceUnit = "tokens",
    deadline: Deadline = None,
    total_budget: TotalBudget = None,
    total_deadline: TotalDeadline = None,
    policy_model: PolicyModelOption = None,
    prm: Prm = None,
    prm_url: PrmUrls = None,
    engine: EngineOption = "embedded",
    engine_url: EngineUrls = None,
    recording: Recordings = None,
    limit: Limit = None,
    seed: Seed = 0,
    table: TableOption = None,
    predictor: PredictorOption = None,
    as_json: Json = False,
) -> None:
    """Solve problems: predicted difficulty, chosen strategy, answer and bill of each."""
    from compute_router.cli.exits import guarded
    from compute_router.cli.solve import solve as run
    from compute_router.decide.price import Price
    from compute_router.execute.search_job import Caps
    from compute_router.factory import Settings
    from compute_router.policies import make
    from compute_router.solve_options import SolveOptions

    where = tuple(engine_url or ()), tuple(prm_url or ()), tuple(recording or ())
    with guarded():
        worth = None if price is None else Price(price, price_unit)
        settings = Settings(engine, policy_model, prm, seed, table, predictor, worth, *where)
        options = SolveOptions(
            strategy=None if strategy == "auto" else make(strategy),
            budget=budget,
            average_budget=average_budget,
            deadline_s=deadline,
            caps=Caps(total_budget, total_deadline),
        )
        code = run(source, settings, options, limit=limit, out=out, as_json=as_json)
    raise typer.Exit(code)


def route(
    source: Input,
    budget: Budget = None,
    average_budget: AverageBudget = None,
    price: PriceOption = None,
    price_unit: PriceUnit = "tokens",
    policy_model: PolicyModelOption = None,
    prm: Prm = None,
    prm_url: PrmUrls = None,
    engine: EngineOption = "embedded",
    engine_url: EngineUrls = None,
    recording: Recordings = None,
    limit: Limit = None,
    table: TableOption = None,
    predictor: PredictorOption = None,
    as_json: Json = False,
) -> None:
    """Show the decision for each problem, and why, without solving."""
    from compute_router.cli.exits import guarded
    from compute_router.cli.route import route as run
    from compute_router.decide.price import Price
    from compute_router.factory import Settings
    from compute_router.solve_options import SolveOptions

    where = tuple(engine_url or ()), tuple(prm_url or ()), tuple(recording or ())
    with guarded():
        worth = None if price is None else Price(price, price_unit)
        settings = Settings(engine, policy_model, prm, 0, table, predictor, worth, *where)
        options = SolveOptions(budget=budget, average_budget=average_budget)
        code = run(source, settings, options, limit=limit, as_json=as_json)
    raise typer.Exit(code)


def doctor(
    policy_model: PolicyModelOption = None,
    engine_url: EngineUrls = None,
    prm_url: PrmUrls = None,
    table: TableOption = None,
    predictor: PredictorOption = None,
    as_json: Json = False,
) -> None:
    """Show what is installed, which engine and weights would be used, what is missing and how to get it."""
    from compute_router.cli.doctor import doctor as run
    from compute_router.cli.exits import guarded
    from compute_router.factory import Settings

    urls = tuple(engine_url or ()), tuple(prm_url or ())
    settings = Settings(
        "sglang" if engine_url else "embedded", policy_model, None, 0, table, predictor, None, *urls
    )
    with guarded():
        code = run(settings, as_json=as_json)
    raise typer.Exit(code)
