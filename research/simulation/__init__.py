"""Simulated sweeps whose truth is known, and how well tables are fitted on them:
`python -m research simulation`."""
