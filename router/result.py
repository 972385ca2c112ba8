"""The end of one problem: its outcome, its decision and its bill."""

from __future__ import annotations

from dataclasses import dataclass

from compute_router.decide.decision import Decision
from compute_router.errors import EngineError, RouterError
from compute_router.ledger import Ledger
from compute_router.policies import Outcome
from compute_router.problem import Problem

__all__ = ["Result"]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one problem.

    Args:
        problem: as it was given.
        outcome: what the search found; None where nothing could be searched, and then `error` says why.
        correct: whether the answer equals the problem's gold answer; None where there is none.
        decision: which search it was, and why; None for a row of the input that is no problem.
        ledger: tokens, FLOPs and seconds.
        prm: what scored steps, by name.
        prm_is_baseline: True where that is no learned PRM.
        degraded: a sentence on what was done with less than asked.
        error: why there is no answer.
    """

    problem: Problem
    outcome: Outcome | None
    correct: bool | None
    decision: Decision | None
    ledger: Ledger
    prm: str
    prm_is_baseline: bool
    degraded: str | None = None
    error: RouterError | None = None

    @property
    def answer(self) -> str | None:
        """The answer; None where no path states one."""
        return self.outcome.answer if self.outcome else None

    @property
    def retryable(self) -> bool:
        """Whether the failure was the engine's, so that another run may do better."""
        return isinstance(self.error, EngineError) and self.error.retryable
