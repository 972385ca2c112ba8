"""How a command ends where it cannot go on: one clear error, and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from compute_router.difficulty import ModelFileError
from compute_router.errors import RouterError
from compute_router.policies import SpecError

__all__ = ["BAD_INPUT", "DONE", "SOME_FAILED", "STOPPED", "complain", "guarded"]

DONE, SOME_FAILED, BAD_INPUT, STOPPED = 0, 1, 2, 130


def complain(message: str, program: str = "compute-router") -> None:
    """The one error of a command, on standard error; what a terminal would obey is spelled out."""
    spelled = "".join(
        char if char == "\n" or char.isprintable() else char.encode("unicode_escape").decode()
        for char in message
    )
    print(f"{program}: error: {spelled}", file=sys.stderr)


@contextmanager
def guarded() -> Iterator[None]:
    """Turns the errors we know into one message on standard error and exit code 2. Anything else is a
    defect of ours and keeps its traceback."""
    try:
        yield
    except (RouterError, SpecError, ModelFileError) as error:
        complain(str(error))
        raise typer.Exit(BAD_INPUT) from None
    except KeyboardInterrupt:
        print("compute-router: stopped; with --out, the same command goes on from here", file=sys.stderr)
        raise typer.Exit(STOPPED) from None
    except BrokenPipeError:
        # Whoever read our output has gone; the interpreter must not complain again when it flushes.
        sys.stdout = None
        raise typer.Exit(DONE) from None
