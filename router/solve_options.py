"""How problems are to be solved: the options that the API, the command line, a run and a sweep share."""

from __future__ import annotations

from dataclasses import dataclass

from compute_router.errors import InputError
from compute_router.execute.search_job import Caps, check_budget, check_number
from compute_router.policies import STRATEGIES, SpecError, Strategy, make

__all__ = ["SolveOptions"]

MAX_NAME = 64
"""Characters of a strategy's name: it names a folder."""


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
        check_number("deadline", self.deadline_s, "seconds")
        check_number("average budget", self.average_budget, "tokens")
        if not isinstance(self.caps, Caps):
            raise InputError(f"caps are Caps(tokens, seconds), not {self.caps!r:.80}")
        if self.strategy is not None:
            _check_strategy(self.strategy)


def _check_strategy(strategy: Strategy) -> None:
    missing = [part for part in ("name", "needs_prm", "search") if not hasattr(strategy, part)]
    if missing or isinstance(strategy, type):
        what = f"has no {missing[0]}" if missing else "is a class: give a value of it"
        raise InputError(f"a strategy has name, needs_prm and search(limits); {strategy!r:.80} {what}")
    name: object = strategy.name
    if STRATEGIES.get(strategy.name if isinstance(name, str) else "") is type(strategy):
        return
    if not (isinstance(name, str) and name.isascii() and name.isidentifier() and len(name) <= MAX_NAME):
        raise InputError(f"the name of a strategy is an identifier such as my_search, not {name!r:.80}")
    if _is_ours(name):
        raise InputError(f"the name {name!r} is taken by a strategy here: give it another")


def _is_ours(name: str) -> bool:
    try:
        make(name)
    except SpecError:
        return name in STRATEGIES
    return True
