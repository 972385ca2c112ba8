"""The PRM protocol: a score for every step of a path."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

from compute_router.errors import RouterError, ScorerError
from compute_router.ledger import Tokens
from compute_router.policies import Path
from compute_router.policies.fast_frozen import record

__all__ = ["Scored", "Scorer", "checked"]


@record
class Scored:
    """`scores_S` holds one score in [0, 1] for each step of the path; `usage` is what it cost."""

    scores_S: tuple[float, ...]
    usage: Tokens = Tokens()


class Scorer(Protocol):
    """A process reward model, or a baseline that stands in for one. Async context manager."""

    @property
    def name(self) -> str: ...

    @property
    def params(self) -> int:
        """Number of parameters whose FLOPs are charged; 0 where scoring runs no model."""
        ...

    @property
    def is_baseline(self) -> bool:
        """True where this is no learned PRM; every result says so."""
        ...

    async def __aenter__(self) -> Scorer: ...

    async def __aexit__(self, *exc: object) -> None: ...

    def price(self, problem: str, path: Path) -> int:
        """The most tokens that scoring `path` can compute, for the budget."""
        ...

    async def score(self, batch: Sequence[tuple[str, Path]]) -> Sequence[Scored | RouterError]:
        """Scores for (problem, path) pairs of many problems at once, in their order; or, in place of one,
        the error that this path alone has met.

        Raises what fails the whole batch; `checked` guards against too few scores, NaN and values outside
        [0, 1].
        """
        ...


def checked(path: Path, scored: Scored) -> Scored:
    """`scored`, or ScorerError where it does not hold exactly one score in [0, 1] a step."""
    if len(scored.scores_S) != len(path.steps_S):
        raise ScorerError(f"the PRM gave {len(scored.scores_S)} scores for {len(path.steps_S)} steps")
    for at, score in enumerate(scored.scores_S):
        if not (math.isfinite(score) and 0.0 <= score <= 1.0):
            raise ScorerError(f"the PRM scored step {at + 1} {score}, which is not in [0, 1]")
    return scored
