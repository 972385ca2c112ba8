"""Scores by weights that have not seen the problem."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from compute_router.scoring.linear import Weights
from compute_router.training.evaluation.folds import FOLDS, folds
from compute_router.training.prm.examples import Solved
from compute_router.training.prm.fit_weights import fit

__all__ = ["crossfit"]

Scores = tuple[tuple[float, ...], ...]
"""A score for each step of each path of a problem."""


def crossfit(
    problems: Sequence[Solved],
    seed: int,
    without: frozenset[str] = frozenset(),
    fitted: Callable[[Sequence[Solved], int, frozenset[str]], Weights] = fit,
) -> list[Scores]:
    """For each problem its scores by a fit to the other folds; equal texts share a fold."""
    fold_P = folds([problem.identity for problem in problems], FOLDS, seed)
    scores: list[Scores] = [()] * len(problems)
    for fold in range(FOLDS):
        inside = [at for at, of in enumerate(fold_P) if of == fold]
        others = [problem for problem, of in zip(problems, fold_P, strict=True) if of != fold]
        if not inside:
            continue
        # Not the folds dealt here: one of them would lie empty there.
        weights = fitted(others, seed + 1, without)
        for at in inside:
            scores[at] = tuple(
                tuple(weights.score(row_F) for row_F in path.evidence_SF.tolist())
                for path in problems[at].paths_N
            )
    return scores
