"""Which problems are held out together: the same text is never on both sides."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from compute_router.training.difficulty.corpus import identity
from compute_router.training.outcomes.outcome_matrix import Ints, OutcomeMatrix

__all__ = ["FOLDS", "folds", "identities"]

FOLDS = 5


def identities(matrix: OutcomeMatrix) -> list[str]:
    """What makes a problem itself: its text without white space, or its id where the log keeps no text."""
    return [
        f"id:{name}" if text is None else identity(text)
        for name, text in zip(matrix.problems_P, matrix.texts_P, strict=True)
    ]


def folds(identities_P: Sequence[str], count: int, seed: int) -> Ints:
    """A fold in [0, count) for each problem, by the hash of what it is: in every sweep the same."""
    found = {name: _digest(name, seed) % count for name in set(identities_P)}
    return np.array([found[name] for name in identities_P], dtype=np.int64)


def _digest(name: str, seed: int) -> int:
    # Not the folds that a refit deals within its training side: those would lie empty there.
    data = f"held out {seed}\0{name}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(data).digest()[:8])
