"""The command line. `main` is the entry point of `compute-router`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 some problems failed, 2 bad usage or input, 130 stopped."""
    from compute_router.cli.app import UsageError, app

    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        code = app(args=given, prog_name="compute-router", standalone_mode=False)
    except UsageError as error:
        from compute_router.cli.exits import BAD_INPUT, complain

        if given:
            where = error.ctx.command_path if error.ctx else "compute-router"
            message = error.format_message().replace("Value error, ", "").rstrip(".")
            complain(f"{message}; see {where} --help")
        else:
            error.show()  # the help
        code = BAD_INPUT
    sys.exit(code)
