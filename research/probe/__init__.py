"""Fitting the probe that ships, and judging it: `python -m research probe`. The probe says what a few samples
of a problem tell of its difficulty (difficulty/probe.py)."""
