"""`compute-router train-prm`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from compute_router.cli.options import Seed

__all__ = ["train_prm"]


def train_prm(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...",
            help="Run or sweep directories whose problems have reference answers and plain samples "
            "(best_of_n, majority).",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where the result goes.", show_default=False)
    ],
    report: Annotated[
        bool, typer.Option("--report", help="Also judge it on problems it has not seen (report.json).")
    ] = False,
    seed: Seed = 0,
) -> None:
    """Train the embedded PRM on a policy model's own rollouts."""
    from compute_router.cli.exits import DONE, guarded

    with guarded():
        _train(runs, out, seed=seed, report=report)
    raise typer.Exit(DONE)


def _train(runs: list[Path], out: Path, *, seed: int, report: bool) -> None:
    from rich.console import Console
    from rich.text import Text

    from compute_router.io.display import plain
    from compute_router.training.prm.prm_report import lines
    from compute_router.training.prm.train_prm import train

    began = time.monotonic()
    trained = train(runs, out, seed=seed, with_report=report)
    console = Console(highlight=False, emoji=False, soft_wrap=True)
    for line in lines(trained.report) if trained.report else ():
        console.print(Text(" " * (len(line) - len(line.lstrip())) + plain(line, 400)))
    made = trained.manifest
    models = ", ".join(made.policy_models)
    console.print(Text(plain(f"{made.problems:,} problems, {made.paths:,} samples of {models}", 400)))
    seconds = time.monotonic() - began
    console.print(Text(plain(f"{out / made.file}: {made.bytes:,} bytes in {seconds:.1f} s", 400)))
