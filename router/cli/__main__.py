"""`python -m router.cli` is `compute-router`, where the command itself is not on the path."""

from router.cli import main

main()
