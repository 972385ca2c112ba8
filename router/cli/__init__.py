"""The command line. `main` is the entry point of `compute-router`."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 some problems failed, 2 bad usage or input, 130 stopped."""
    from router.cli.app import app

    app(args=None if arguments is None else list(arguments), prog_name="compute-router")
