"""What is decided for one problem."""

from __future__ import annotations

from dataclasses import dataclass

from compute_router.difficulty import Bin, Distribution
from compute_router.policies import Strategy

__all__ = ["Decision"]


@dataclass(frozen=True, slots=True)
class Decision:
    """The strategy of one problem, and why.

    Args:
        difficulty: predicted shares of easy, medium and hard.
        label: the likeliest of the three.
        strategy: the search to run.
        table_row: the row that decided; None where the user did.
        reason: a sentence for a person.
        accuracy: what the row expects of the strategy; None where it was never measured.
        tokens: the same, in tokens of the policy model and the PRM.
    """

    difficulty: Distribution
    label: Bin
    strategy: Strategy
    table_row: str | None
    reason: str
    accuracy: float | None = None
    tokens: float | None = None
