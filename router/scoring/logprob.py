"""A baseline in place of a PRM: how probable the policy model found its own step."""

from __future__ import annotations

import math
from collections.abc import Sequence

from compute_router.policies import Path
from compute_router.scoring.base import Scored

__all__ = ["LogprobBaseline"]


class LogprobBaseline:
    """Scores a step by exp(mean token log-probability), the inverse of its perplexity.

    Costs no tokens: engines report log-probabilities with the text. It knows nothing of correctness,
    only of confidence, so every result names it a baseline.
    """

    name = "logprob-baseline"
    params = 0
    is_baseline = True

    async def __aenter__(self) -> LogprobBaseline:
        return self

    async def __aexit__(self, *exc: object) -> None:
        return None

    def price(self, problem: str, path: Path) -> int:
        return 0

    async def score(self, batch: Sequence[tuple[str, Path]]) -> Sequence[Scored]:
        return [Scored(tuple(_confidence(step.logprobs_T) for step in path.steps_S)) for _, path in batch]


def _confidence(logprobs_T: tuple[float, ...]) -> float:
    # A step without log-probabilities (its only token ended it) says nothing against the path.
    return min(1.0, math.exp(math.fsum(logprobs_T) / len(logprobs_T))) if logprobs_T else 1.0
