"""The command line. `main` is the entry point of `compute-router`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

__all__ = ["main", "run"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 some problems failed, 2 bad usage or input, 130 stopped."""
    from compute_router.cli.app import app

    sys.exit(run(app, "compute-router", arguments))


def run(app: Any, program: str, arguments: Sequence[str] | None = None) -> int | None:
    """Run a typer app and return its exit code; bad usage is one message on standard error. `program` is what
    stands before the arguments, which are those of the process where none are given."""
    from compute_router.cli.app import UsageError

    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        return app(args=given, prog_name=program, standalone_mode=False)  # type: ignore[no-any-return]
    except UsageError as error:
        from compute_router.cli.exits import BAD_INPUT, complain

        if given:
            where = error.ctx.command_path if error.ctx else program
            message = error.format_message().replace("Value error, ", "").rstrip(".")
            complain(f"{message}; see {where} --help", program)
        else:
            error.show()  # the help
        return BAD_INPUT
