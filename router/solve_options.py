"""How problems are to be solved: the options that the API, the command line, a run and a sweep share."""

from __future__ import annotations

from dataclasses import dataclass

from compute_router.errors import InputError
from compute_router.execute.search_job import Caps, check_budget, check_deadline
from compute_router.policies import STRATEGIES, Strategy

__all__ = ["SolveOptions"]


@dataclass(frozen=True, slots=True)
class SolveOptions:
    """How problems are to be solved.

    >>> SolveOptions(budget=2000, deadline_s=30).strategy is None       # the table decides
    True

    Args:
        strategy: what every problem gets, instead of the table's decision. Any object with `name`,
            `needs_prm` and `search(limits)` (`policies.Strategy`) will do.
        budget: tokens that one problem may spend (`Ledger.spent`). It is never exceeded.
        average_budget: tokens a problem, over all problems. It takes the place of the price: all are
            decided together, so that tokens go where they buy most accuracy.
        deadline_s: seconds that one problem may take, from its start.
        caps: what all problems together may spend. A problem that is left no room has no result.

    A problem that runs out of tokens or time ends with its best answer so far.

    Raises:
        InputError: an option is out of range, or `strategy` is no strategy.
    """

    strategy: Strategy | None = None
    budget: int | None = None
    average_budget: float | None = None
    deadline_s: float | None = None
    caps: Caps = Caps()

    def __post_init__(self) -> None:
        check_budget("budget", self.budget)
        check_deadline("deadline", self.deadline_s)
        if self.average_budget is not None and not self.average_budget > 0:
            raise InputError(f"an average budget is a number of tokens above 0, not {self.average_budget}")
        if self.strategy is not None:
            _check_strategy(self.strategy)


def _check_strategy(strategy: Strategy) -> None:
    missing = [part for part in ("name", "needs_prm", "search") if not hasattr(strategy, part)]
    if missing or isinstance(strategy, type):
        what = f"has no {missing[0]}" if missing else "is a class: give a value of it"
        raise InputError(f"a strategy has name, needs_prm and search(limits); {strategy!r:.80} {what}")
    named = STRATEGIES.get(strategy.name)
    if named is not None and named is not type(strategy):
        raise InputError(
            f"the name {strategy.name!r} is that of {named.__name__}: give {type(strategy).__name__} another"
        )
