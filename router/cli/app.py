"""The commands by name."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from compute_router.cli.commands import doctor, route, solve
from compute_router.cli.convert_prm import convert_prm
from compute_router.cli.learning import calibrate, evaluate, import_, sweep, train
from compute_router.cli.train_prm import train_prm
from compute_router.version import __version__

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


def _version(asked: bool) -> None:
    if asked:
        print(f"compute-router {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


for command in (solve, route, doctor, sweep, import_, train, evaluate, calibrate, convert_prm, train_prm):
    app.command(command.__name__.rstrip("_").replace("_", "-"))(command)
