"""A sweep judged: by a finished table where its problems are new to it, else cross-fitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from compute_router.decide.price import Price
from compute_router.decide.table import load_table
from compute_router.difficulty import load
from compute_router.difficulty.whole_file import sha256_of
from compute_router.errors import InputError
from compute_router.training.evaluation.applied import apply
from compute_router.training.evaluation.blind import Base
from compute_router.training.evaluation.crossfit import crossfitted
from compute_router.training.evaluation.folds import identities
from compute_router.training.evaluation.judge import Contest, Section, judge
from compute_router.training.evaluation.seen import Trained, problem_key, read_trained
from compute_router.training.outcomes.build_matrix import build_matrices
from compute_router.training.outcomes.outcome_matrix import Mask, OutcomeMatrix
from compute_router.training.sweep.sweep_file import read_sweep, sweep_file

__all__ = ["evaluate"]

_ENOUGH = 20
"""So many problems that training has not seen are judged alone; of fewer, nothing could be said."""


def evaluate(
    sweep: Path, table: Path, *, prices: Sequence[Price], base: Path, seed: int = 0, trust: bool = False
) -> list[Section]:
    """One section for each policy model and PRM of the sweep. `table`: what `compute-router train` wrote;
    `base`: the predictor that training is repeated from where the sweep is not new to the table.

    Raises InputError where the sweep holds nothing to judge, and what reading the files raises.
    """
    file = sweep_file(sweep)
    found = [matrix.comparable() for matrix in build_matrices([read_sweep(sweep)])]
    found = [matrix for matrix in found if matrix.problems_P and matrix.arms_A]
    if not found:
        raise InputError(f"{file} has no graded rows to judge")
    trained = read_trained(table)
    known = trained.has_read(sha256_of(file))
    unseen = [np.zeros(len(one.problems_P), dtype=bool) if known else _unseen(one, trained) for one in found]
    contests: dict[int, Contest] = {}
    for at, (matrix, new_P) in enumerate(zip(found, unseen, strict=True)):
        if new_P.all() or new_P.sum() >= _ENOUGH:
            mode = f"the table of {table} applied to {new_P.sum()} problems that its training has not seen"
            if not new_P.all():
                mode += f" ({(~new_P).sum()} that it has seen are left out)"
            predictor = load(table, trust=trust)
            contests[at] = apply(matrix.rows(new_P), predictor, load_table(table / "table.json"), mode)
    again = [at for at in range(len(found)) if at not in contests]
    if again:
        note = f"the table of {table} was trained on these problems: training is repeated without each fold"
        made = crossfitted([found[at] for at in again], _constant(base, trust), seed)
        contests |= {at: replace(one, notes=(note, *one.notes)) for at, one in zip(again, made, strict=True)}
    sections = [judge(contests[at], prices, seed) for at in range(len(found))]
    if not any(section.judged for section in sections):
        raise InputError(f"{file} does not count what every arm costs: it can be judged at --price 0 only")
    return sections


def _unseen(matrix: OutcomeMatrix, trained: Trained) -> Mask:
    seen = set(trained.problems)
    return np.array([problem_key(name) not in seen for name in identities(matrix)])


def _constant(base: Path, trust: bool) -> Base:
    predictor = load(base, trust=trust)
    return lambda out: predictor
