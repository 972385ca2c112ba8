"""Sweeps and rollouts as files that can be committed.

`python -m research export-sweep` writes them small, `python -m research merge-sweeps` joins several,
`python -m research archive-pack` and `archive-unpack` keep whole runs, and `python -m research rejoin-texts`
gives sweeps their problem texts back.
"""
