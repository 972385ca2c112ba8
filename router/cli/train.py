"""`compute-router train`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from compute_router.cli.exits import DONE
from compute_router.difficulty.manifest import Format
from compute_router.io.data_files import data_path
from compute_router.io.display import plain

__all__ = ["train"]


def train(
    sweeps: Sequence[Path],
    out: Path,
    *,
    base: Path | None,
    seed: int,
    form: Format,
    trust: bool,
) -> int:
    """Learn predictor and table from sweeps, write them to `out`, return the exit code. Raises RouterError,
    ModelFileError."""
    from compute_router.training.bundle import train as fit

    began = time.monotonic()
    console = Console(highlight=False, emoji=False, soft_wrap=True)
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task("starting", total=None)

        def progress(step: str, done: int, total: int) -> None:
            bar.update(task, description=plain(step), completed=done, total=total)

        written = fit(
            sweeps,
            out,
            base=base or data_path("difficulty/manifest.json").parent,
            seed=seed,
            form=form,
            trust=trust,
            progress=progress,
        )
    for source in written.inputs:
        console.print(Text(plain(f"{source.name}: {source.rows:,} rows, sha256 {source.sha256[:12]}")))
    for matrix in written.matrices:
        arms = f"{matrix['problems']:,} problems x {matrix['arms']} arms"
        console.print(Text(plain(f"{matrix['policy_model']}, PRM {matrix['prm'] or 'none'}: {arms}")))
    console.print(Text(plain(f"{out}: {', '.join(written.files)} in {time.monotonic() - began:.1f} s")))
    return DONE
