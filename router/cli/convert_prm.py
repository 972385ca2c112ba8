"""`compute-router convert-prm`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["convert_prm"]


def convert_prm(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SRC", help="The PRM's folder: config.json, *.safetensors, tokenizer.", show_default=False
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder to write; new.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Only JSON on standard output.")] = False,
) -> None:
    """Rewrite a PRM with a head of its own (Qwen2.5-Math-PRM, Skywork-o1-Open-PRM) as SGLang serves it."""
    from compute_router.cli.exits import DONE, guarded

    with guarded():
        _convert(source, out, as_json=as_json)
    raise typer.Exit(DONE)


def _convert(source: Path, out: Path, *, as_json: bool) -> None:
    import orjson
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.text import Text

    from compute_router.io.display import plain
    from compute_router.scoring.convert import convert

    console = Console(quiet=as_json, highlight=False, emoji=False, soft_wrap=True)
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=as_json or not console.is_terminal,
    )
    with bar:
        task = bar.add_task(plain(source.name), total=None)
        made = convert(
            source,
            out,
            command=shlex.join(["compute-router", "convert-prm", source.name, "--out", out.name]),
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    name = made.prm.rpartition("/")[2]
    # Older versions of SGLang cannot load the classes by themselves; the newer ones do not mind.
    able = "SGLANG_EXTERNAL_MODEL_PACKAGE=compute_router.scoring.sglang_models"
    serve = [able, "python", "-m", "sglang.launch_server", "--model-path", str(made.out), "--is-embedding"]
    start = shlex.join([*serve, "--served-model-name", name])
    if as_json:
        document = {
            "out": str(made.out),
            "prm": made.prm,
            "architecture": made.architecture,
            "bytes": made.size,
            "serve": start,
        }
        sys.stdout.write(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n")
        return
    lines = [
        f"{made.out}: {made.prm} as {made.architecture}, {made.size:,} bytes",
        f"serve it:  {start}",
        f"use it:    compute-router solve ... --prm {made.prm} --prm-url http://HOST:PORT",
    ]
    for line in lines:
        console.print(Text(plain(line, 400)))
