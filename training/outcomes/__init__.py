"""Outcome matrices: arms by problems, what fitting and judging take."""
