"""`compute-router import`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import orjson
from rich.console import Console
from rich.text import Text

from compute_router.cli.exits import DONE, SOME_FAILED
from compute_router.errors import InputError
from compute_router.io.display import plain

__all__ = ["import_"]


def import_(
    paths: Sequence[Path],
    out: Path,
    *,
    form: str | None = None,
    columns: str | None = None,
    policy_model: str | None = None,
    params: int | None = None,
    prm: str | None = None,
    tokenizer: str | None = None,
    problems: Sequence[Path] = (),
    force: bool = False,
    as_json: bool = False,
) -> int:
    """Import logs into the sweep file `out`, print what became of them, return the exit code: 1 where a log
    was refused or gave nothing. `columns`: "field=column,...". Without any record no file is written. Raises
    RouterError."""
    from compute_router.training.importers import import_logs
    from compute_router.training.sweep.record import write_records

    imported = import_logs(
        paths,
        form=form,
        columns=_columns(columns),
        policy_model=policy_model,
        params=params,
        prm=prm,
        tokenizer=tokenizer,
        problems=problems or None,
        force=force,
    )
    report = imported.report
    if imported.records:
        write_records(out, imported.records)
    if as_json:
        document = {**report.as_json(), "out": str(out) if imported.records else None}
        sys.stdout.write(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        console = Console(highlight=False, emoji=False, soft_wrap=True)
        for line in report.table().split("\n"):
            indent = line[: len(line) - len(line.lstrip())]
            console.print(Text(indent + plain(line)))
        console.print(Text(plain(f"{out}: written" if imported.records else "nothing to write")))
    return DONE if imported.records and not report.refused else SOME_FAILED


def _columns(text: str | None) -> dict[str, str] | None:
    """`problem=question,correct=passed` as a mapping. Raises InputError where a part is not of that form."""
    if text is None:
        return None
    found: dict[str, str] = {}
    for part in text.split(","):
        field, equals, column = (piece.strip() for piece in part.partition("="))
        if not (field and equals and column) or field in found:
            raise InputError(f"--columns takes field=column,... with each field once, not {part!r}.")
        found[field] = column
    return found
