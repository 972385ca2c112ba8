"""How hard a problem looks: what a search may learn about it on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Outlook"]


@dataclass(frozen=True, slots=True)
class Outlook:
    """Probabilities that the policy model's pass@1 lies in [0.5, 1], [0.1, 0.5) and [0, 0.1); they sum to 1
    (the bins of arXiv 2502.06703, section 3.2)."""

    easy: float
    medium: float
    hard: float

    @property
    def label(self) -> Literal["easy", "medium", "hard"]:
        """The likeliest bin; of equals the harder one, since too little compute loses the answer."""
        if self.easy > self.medium and self.easy > self.hard:
            return "easy"
        return "medium" if self.medium > self.hard else "hard"
