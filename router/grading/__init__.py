"""Answers compared as mathematics: in voting as in grading.

    Grader      equality of answers, their classes, and whether one is correct

Importing this is cheap: sympy and math-verify are loaded by the worker processes only.
"""

from compute_router.grading.grader import Grader

__all__ = ["Grader"]
