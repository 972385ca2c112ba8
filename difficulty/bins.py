"""Easy, medium, hard: the pass@1 ranges of arXiv 2502.06703 (section on problem difficulty).

The ranges are absolute, easy [0.5, 1], medium [0.1, 0.5), hard [0, 0.1), and belong to one policy
model: the same problem may be easy for one and hard for another.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from compute_router.difficulty.logistic import expected_sigmoid, logit, upper_tail

__all__ = ["BINS", "EASY_FROM", "MEDIUM_FROM", "Bin", "Distribution", "bin_of"]

Bin = Literal["easy", "medium", "hard"]
BINS: tuple[Bin, ...] = ("easy", "medium", "hard")

EASY_FROM = 0.5
MEDIUM_FROM = 0.1

_MEDIUM_LOGIT = logit(MEDIUM_FROM)


def bin_of(pass_at_1: float) -> Bin:
    """The bin of a measured pass@1 in [0, 1]. Raises ValueError outside."""
    if not 0 <= pass_at_1 <= 1:
        raise ValueError(f"pass@1 lies in [0, 1], not {pass_at_1}")
    return "easy" if pass_at_1 >= EASY_FROM else "medium" if pass_at_1 >= MEDIUM_FROM else "hard"


@dataclass(frozen=True, slots=True)
class Distribution:
    """Probabilities of the three bins (they sum to 1) and the expected pass@1."""

    easy: float
    medium: float
    hard: float
    pass_at_1: float

    def __post_init__(self) -> None:
        for value in (self.easy, self.medium, self.hard, self.pass_at_1):
            if not 0 <= value <= 1:
                raise ValueError(f"a probability lies in [0, 1], not {value}")
        total = self.easy + self.medium + self.hard
        if not math.isclose(total, 1, abs_tol=1e-9):
            raise ValueError(f"the bins sum to 1, not {total}")

    @classmethod
    def of_logit(cls, mean: float, sd: float) -> Distribution:
        """What a pass@1 whose logit is N(mean, sd^2) means for the bins: two cuts of the normal cdf."""
        easy = upper_tail(0.0, mean, sd)  # logit(EASY_FROM) = 0
        solvable = upper_tail(_MEDIUM_LOGIT, mean, sd)
        return cls(easy, solvable - easy, 1 - solvable, min(1.0, expected_sigmoid(mean, sd)))

    @property
    def label(self) -> Bin:
        """The likeliest bin; of equals the harder one, since too little compute loses the answer."""
        if self.hard >= self.medium and self.hard >= self.easy:
            return "hard"
        return "medium" if self.medium >= self.easy else "easy"
