"""The commands of `python -m research`; each body lives in a file of its own and is loaded when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="What made the shipped files and the figures of RESULTS.md.",
)

Sweeps = Annotated[list[Path], typer.Argument(metavar="SWEEP...", help="Sweep files.", show_default=False)]
Runs = Annotated[
    list[Path], typer.Argument(metavar="RUN...", help="Run or sweep directories.", show_default=False)
]

Data = Annotated[
    Path, typer.Option(metavar="DIR", help="Folder with problems/ and sweeps/.", show_default=False)
]
Texts = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="Folder with problems/; gives texts that are left out back by id.",
        show_default=False,
    ),
]
OutFile = Annotated[Path, typer.Option("--out", metavar="FILE", show_default=False)]
OutDir = Annotated[Path, typer.Option("--out", metavar="DIR", show_default=False)]
PredictorOut = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Directory of the predictor, to write to.", show_default=False),
]
Seed = Annotated[int, typer.Option(help="Decides folds and resamples.")]
Report = Annotated[bool, typer.Option("--report", help="Print figures on problems held out.")]


@app.command()
def results(
    sweeps: Sweeps,
    data: Texts = None,
    learned: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="LEARNED",
            help="Table to start from, and predictor if not the shipped one; neither has seen the problems.",
            show_default=False,
        ),
    ] = None,
    problems: Annotated[
        str, typer.Option(metavar="PREFIX", help="Only problems whose id begins so.", show_default=False)
    ] = "",
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH", help="PATH.svg and PATH.png; needs the report extra.", show_default=False
        ),
    ] = None,
    seed: Seed = 0,
) -> None:
    """Print what sweeps show: the PRM, every arm, the router, as Markdown (RESULTS.md)."""
    from research.results.command import results as run

    run(sweeps, data=data, problems=problems, learned=learned, plot_to=plot, seed=seed)


@app.command()
def again(
    sweeps: Sweeps,
    out: OutDir,
    problems: Annotated[int, typer.Option(metavar="N", help="How many problems are run.")] = 30,
    data: Texts = None,
    seed: Annotated[int, typer.Option(help="Seed of the new run.")] = 7,
    engine: Annotated[
        Literal["embedded", "torch", "scripted"], typer.Option(help="Who runs the policy model.")
    ] = "embedded",
) -> None:
    """Run a slice of a sweep again, live, and compare the figures; exit code 1 where one differs."""
    from research.results.again import again as run

    raise typer.Exit(run(sweeps, out, problems=problems, data=data, seed=seed, engine=engine))


@app.command()
def export_sweep(sweeps: Sweeps, out: OutFile) -> None:
    """Write sweeps as one file that ships: small, and without other people's problems."""
    from research.sweeps.export_sweep import export_sweep as run

    run(sweeps, out)


@app.command()
def merge_sweeps(
    sweeps: Sweeps,
    arms: Annotated[
        Path, typer.Option(metavar="FILE", help="The arms, one spec a line.", show_default=False)
    ],
    out: OutDir,
) -> None:
    """Join samples that several sweeps drew of the same problems into one sweep of more samples."""
    from research.sweeps.merge_sweeps import merge_sweeps as run

    run(sweeps, arms, out)


@app.command()
def archive_pack(runs: Runs, out: OutFile) -> None:
    """Pack run directories into one small file that can be committed."""
    from research.sweeps.rollout_archive import archive_pack as run

    run(runs, out)


@app.command()
def archive_unpack(
    archive: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)],
    out: OutDir,
    data: Texts = None,
) -> None:
    """Unpack such a file into run directories again."""
    from research.sweeps.rollout_archive import archive_unpack as run

    run(archive, out, data)


@app.command()
def rejoin_texts(sweeps: Sweeps, data: Data, out: OutFile) -> None:
    """Give sweeps their problem texts back, as rollouts that the difficulty predictor is fitted on."""
    from research.sweeps.rejoin_texts import rejoin_texts as run

    run(sweeps, data, out)


@app.command()
def workload(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="pilot, prm, held-out, prm-1.5b or held-out-1.5b.", show_default=False
        ),
    ],
    data: Data,
    out: OutFile,
) -> None:
    """Write the problems of one workload as JSONL."""
    from research.workloads.workload import write_workload as run

    run(name, data, out)


@app.command()
def arithmetic(
    terms: Annotated[str, typer.Option(metavar="FROM-TO", help="Numbers in a sum.")] = "2-8",
    digits: Annotated[str, typer.Option(metavar="FROM-TO", help="Digits of each number.")] = "1-3",
    count: Annotated[int, typer.Option(metavar="N", min=0, help="How many problems.")] = 120,
    seed: Annotated[int, typer.Option(help="Decides the numbers.")] = 0,
) -> None:
    """Print sums and differences of chosen length and size, as JSONL."""
    from research.workloads.arithmetic_problems import print_problems as run

    run(terms, digits, count, seed)


@app.command()
def fit_rows(
    sweeps: Sweeps,
    table: Annotated[Path, typer.Option(metavar="FILE", help="The table, to write to.", show_default=False)],
    data: Texts = None,
    predictor: Annotated[
        Path, typer.Option(metavar="DIR", help="Predictor that the folds start from.")
    ] = Path("configs/difficulty"),
    price: Annotated[
        float | None,
        typer.Option(
            metavar="P",
            help="Accuracy that 1,000 tokens must be worth; that of `compute-router train` without.",
            show_default=False,
        ),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="The table's other measured rows stay.")] = False,
    seed: Seed = 0,
) -> None:
    """Fit the rows of a strategy table from sweeps."""
    from research.tables.fit_rows import fit_rows as run

    run(sweeps, table, data=data, predictor=predictor, price=price, keep=keep, seed=seed)


@app.command()
def trim_table(
    full: Annotated[
        Path, typer.Argument(metavar="FULL", help="A table with all its arms.", show_default=False)
    ],
    out: OutFile,
) -> None:
    """Write the table with only the arms that may be chosen."""
    from research.tables.trim_table import trim_table as run

    run(full, out)


@app.command()
def difficulty(
    data: Data,
    rollouts: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="JSONL of our own graded answers; again for each further one.",
            show_default=False,
        ),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WORKLOAD",
            help="Leave its problems out, to be judged on them; again for each further one.",
            show_default=False,
        ),
    ] = None,
    annotations_only: Annotated[
        bool, typer.Option("--annotations-only", help="Fit on levels and solution steps, on no outcome.")
    ] = False,
    out: PredictorOut = None,
    seed: Seed = 0,
    report: Report = False,
    encoder: Annotated[
        bool,
        typer.Option(
            "--encoder", help="With --report: judge levels also with the installed sentence encoder."
        ),
    ] = False,
    encoder_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The same, with an encoder of your own.", show_default=False),
    ] = None,
) -> None:
    """Fit the difficulty predictor and write it, or report on problems held out from it."""
    from research.difficulty.command import fit_difficulty as run
    from research.difficulty.encoder import find

    run(
        data,
        rollouts=rollouts or (),
        without=without or (),
        annotations_only=annotations_only,
        out=out,
        seed=seed,
        with_report=report,
        encoder=find(encoder_dir) if encoder or encoder_dir else None,
    )


@app.command()
def probe(
    data: Data,
    sweeps: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="A sweep file of our own; again for each further one.", show_default=False
        ),
    ] = None,
    out: PredictorOut = None,
    seed: Seed = 0,
    report: Report = False,
) -> None:
    """Fit the probe and write it, or report on problems held out from it."""
    from research.probe.command import fit_probe as run

    run(data, sweeps=sweeps or (), out=out, seed=seed, with_report=report)


@app.command()
def public_sweeps(
    data: Data,
    seeds: Annotated[
        list[int] | None,
        typer.Option(
            metavar="N",
            help="Decides one split into folds; again for each further one; 0 without.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Judge routing on every public sweep, in one table."""
    from research.public.command import judge_public as run

    run(data, seeds or (0,))


@app.command()
def public_records(data: Data, out: OutDir) -> None:
    """Write the public sweeps of other systems as sweep files."""
    from research.public.records import write_public_records as run

    run(data, out)


@app.command()
def simulation(
    tables: Annotated[int, typer.Option(metavar="N", min=1, help="Tables simulated for each line.")] = 150,
) -> None:
    """Print how well tables are fitted and arms chosen where the truth is known."""
    from research.simulation.study import study as run

    run(tables)


@app.command()
def migrate(files: Annotated[list[Path], typer.Argument(metavar="FILE...", show_default=False)]) -> None:
    """Bring files of version 0.4 to the names of version 0.5, in place."""
    from research.migrate import migrate as run

    for path in run(files):
        print(path)


@app.command()
def schemas(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the schemas go.")] = Path("configs"),
) -> None:
    """Write the JSON schemas that ship, from the types in the code."""
    from research.schemas import write_schemas as run

    run(out)
