"""What the scheduler is given and what it gives back: a job, its end, the caps of a whole run."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from compute_router.errors import InputError, RouterError
from compute_router.ledger import Ledger
from compute_router.policies import Outcome, Outlook, Path, Search

__all__ = ["Assess", "Caps", "SearchJob", "Solved", "check_budget", "check_number"]

Assess: TypeAlias = Callable[[tuple[Path, ...], tuple[int | None, ...]], Outlook]
"""(samples, their groups of equal answers) -> how hard the problem looks after them."""


def _unknown(paths_N: tuple[Path, ...], votes_N: tuple[int | None, ...]) -> Outlook:
    return Outlook(0.0, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class SearchJob:
    """One problem and the search that is to solve it; `budget` in tokens (`Ledger.spent`), `deadline_s` in
    seconds from its start, None for no limit. `assess` answers a search that asks how hard the problem
    looks (unless told otherwise: hard, so that it spends what it may)."""

    problem_id: str
    text: str
    search: Search[Outcome]
    budget: int | None = None
    deadline_s: float | None = None
    assess: Assess = _unknown


@dataclass(frozen=True, slots=True)
class Solved:
    """The end of a job. `outcome` is None only where `error` says why nothing could be searched."""

    job: SearchJob
    outcome: Outcome | None
    ledger: Ledger
    degraded: str | None = None
    error: RouterError | None = None


@dataclass(frozen=True, slots=True)
class Caps:
    """What a whole run may spend, in tokens (`Ledger.spent`, all problems together) and in seconds; None
    for no limit. Once either is spent what is in flight ends with its best answer so far and no further
    job is started, so which problems are left depends on how fast the others were."""

    tokens: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        check_budget("whole run's budget", self.tokens)
        check_number("whole run's deadline", self.seconds, "seconds")


def check_budget(name: str, tokens: int | None) -> None:
    """Raise InputError unless it is a whole number of tokens, at least one."""
    if tokens is not None and (isinstance(tokens, bool) or not isinstance(tokens, int) or tokens < 1):
        raise InputError(f"the {name} is a whole number of tokens from 1, not {tokens!r:.80}")


def check_number(name: str, number: float | None, unit: str) -> None:
    """Raise InputError unless it is a finite number above 0."""
    if number is None or (type(number) in (int, float) and 0 < number < math.inf):
        return
    raise InputError(f"the {name} is a number of {unit} above 0, not {number!r:.80}")
