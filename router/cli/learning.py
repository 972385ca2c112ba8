"""sweep, import, train, evaluate, calibrate: what they take; each body lives in a file of its own and is
loaded when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from compute_router.cli.options import (
    EngineOption,
    EngineUrls,
    Json,
    Limit,
    PolicyModelOption,
    PredictorOption,
    Prm,
    PrmUrls,
    Recordings,
    Seed,
    TableOption,
    TotalDeadline,
)

__all__ = ["calibrate", "evaluate", "import_", "sweep", "train"]

Problems = Annotated[
    str,
    typer.Argument(
        metavar="PROBLEMS",
        help="A JSONL or CSV file with 'problem' or 'question' and 'answer', optionally 'id'.",
        show_default=False,
    ),
]
OutFile = Annotated[Path, typer.Option("--out", metavar="FILE", help="The sweep file.", show_default=False)]
OutDir = Annotated[
    Path, typer.Option("--out", metavar="DIR", help="Where the result goes.", show_default=False)
]
Base = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="Predictor to start from, instead of the shipped one.", show_default=False
    ),
]
Format = Annotated[
    Literal["skops", "joblib"], typer.Option("--format", help="Of the predictor; joblib can run code.")
]
Trust = Annotated[
    bool, typer.Option("--trust", help="Also load joblib files, which can run any code: your own only.")
]


def sweep(
    source: Problems,
    arms: Annotated[
        Path,
        typer.Option(metavar="FILE", help="The arms, one name or spec a line.", show_default=False),
    ],
    out: Annotated[
        Path,
        typer.Option(
            metavar="DIR", help="Sweep directory; the same command continues it.", show_default=False
        ),
    ],
    policy_model: PolicyModelOption = None,
    prm: Prm = None,
    prm_url: PrmUrls = None,
    engine: EngineOption = "embedded",
    engine_url: EngineUrls = None,
    recording: Recordings = None,
    total_deadline: TotalDeadline = None,
    limit: Limit = None,
    seed: Seed = 0,
    table: TableOption = None,
    predictor: PredictorOption = None,
    as_json: Json = False,
) -> None:
    """Run every arm on every problem and keep all samples: what a table is learned from."""
    from compute_router.cli.exits import guarded
    from compute_router.cli.sweep import sweep as run
    from compute_router.factory import Settings

    where = tuple(engine_url or ()), tuple(prm_url or ()), tuple(recording or ())
    settings = Settings(engine, policy_model, prm, seed, table, predictor, None, *where)
    with guarded():
        code = run(source, arms, out, settings, deadline_s=total_deadline, limit=limit, as_json=as_json)
    raise typer.Exit(code)


def import_(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...",
            help="Logs of compute-optimal-tts, search-and-learn, OpenR, REBASE, its_hub, or CSV, JSONL.",
            show_default=False,
        ),
    ],
    out: OutFile,
    form: Annotated[
        str | None, typer.Option("--format", metavar="F", help="Found out without.", show_default=False)
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="K=V,...", help="Our field = their column, for CSV and JSONL.", show_default=False
        ),
    ] = None,
    policy_model: Annotated[
        str | None, typer.Option(metavar="NAME", help="Where the log names none.", show_default=False)
    ] = None,
    params: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Parameters of the policy model.", show_default=False),
    ] = None,
    prm: Annotated[
        str | None, typer.Option(metavar="NAME", help="Where the log names none.", show_default=False)
    ] = None,
    tokenizer: Annotated[
        str | None,
        typer.Option(
            metavar="T", help="Counts missing tokens: a hub id, a folder, or chars/4.", show_default=False
        ),
    ] = None,
    problems: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Texts and answers that the log leaves out.", show_default=False),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Take a log whose solutions are not of its questions.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Turn other systems' logs into a sweep file, graded again, and say what was dropped and why."""
    from compute_router.cli.exits import guarded
    from compute_router.cli.import_ import import_ as run

    with guarded():
        code = run(
            paths,
            out,
            form=form,
            columns=columns,
            policy_model=policy_model,
            params=params,
            prm=prm,
            tokenizer=tokenizer,
            problems=problems or (),
            force=force,
            as_json=as_json,
        )
    raise typer.Exit(code)


def train(
    sweeps: Annotated[
        list[Path],
        typer.Argument(metavar="SWEEP...", help="Sweep files or directories.", show_default=False),
    ],
    out: OutDir,
    base: Base = None,
    seed: Seed = 0,
    form: Format = "skops",
    trust: Trust = False,
) -> None:
    """Learn difficulty predictor and strategy table from sweeps."""
    from compute_router.cli.exits import guarded
    from compute_router.cli.train import train as run

    with guarded():
        code = run(sweeps, out, base=base, seed=seed, form=form, trust=trust)
    raise typer.Exit(code)


def evaluate(
    sweep: Annotated[
        Path, typer.Argument(metavar="SWEEP", help="A sweep file or directory.", show_default=False)
    ],
    table: Annotated[Path, typer.Option(metavar="DIR", help="What `train` wrote.", show_default=False)],
    price: Annotated[
        float | None,
        typer.Option(
            metavar="P",
            min=0,
            help="Accuracy for 1,000 tokens; 0, 0.01, 0.03 and 0.1 without.",
            show_default=False,
        ),
    ] = None,
    base: Base = None,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Accuracy against cost, as SVG and PNG.", show_default=False),
    ] = None,
    seed: Seed = 0,
    as_json: Json = False,
    trust: Trust = False,
) -> None:
    """Judge the router against every fixed arm, the paper's rule and two oracles, on problems held out."""
    from compute_router.cli.evaluate import evaluate as run
    from compute_router.cli.exits import guarded

    with guarded():
        code = run(sweep, table, price=price, base=base, plot=plot, seed=seed, as_json=as_json, trust=trust)
    raise typer.Exit(code)


def calibrate(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="GRADED",
            help="A run directory, a sweep, or JSONL / CSV rows: problem and correct, or n and n_correct.",
            show_default=False,
        ),
    ],
    policy_model: Annotated[str, typer.Option(metavar="NAME", help="Who answered.", show_default=False)],
    out: OutDir,
    params: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="Its parameters, where the name states no size.", show_default=False
        ),
    ] = None,
    predictor: PredictorOption = None,
    form: Format = "skops",
    trust: Trust = False,
    as_json: Json = False,
) -> None:
    """Place a new policy model by a few dozen graded answers; writes a predictor that knows it."""
    from compute_router.cli.calibrate import calibrate as run
    from compute_router.cli.exits import guarded

    with guarded():
        code = run(
            source,
            policy_model,
            params=params,
            predictor=predictor,
            out=out,
            form=form,
            trust=trust,
            as_json=as_json,
        )
    raise typer.Exit(code)
