"""`python -m compute_router` is `compute-router`, where the command itself is not on the path."""

from compute_router.cli import main

main()
