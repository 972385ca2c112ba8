"""`python -m research` runs the commands of research/app.py."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from compute_router.cli import run
from compute_router.cli.exits import BAD_INPUT, STOPPED, complain
from compute_router.difficulty import ModelFileError
from compute_router.errors import RouterError
from compute_router.policies import SpecError
from research.app import app

__all__ = ["main"]

PROGRAM = "python -m research"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit: 0 done, 1 `again` found a figure that differs, 2 bad usage or input,
    130 stopped."""
    try:
        code = run(app, PROGRAM, arguments)
    except (RouterError, SpecError, ModelFileError, OSError) as error:
        complain(str(error), PROGRAM)
        code = BAD_INPUT
    except typer.Abort:
        code = STOPPED
    sys.exit(code)


if __name__ == "__main__":
    main()
