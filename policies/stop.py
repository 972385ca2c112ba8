"""When the leading answer is settled, and how many more votes it could take to settle it.

    never     ask for everything
    certain   nothing still to come can overturn the lead
    0.95      a Beta posterior gives the lead this probability against the second answer
              (Adaptive-Consistency, arXiv 2305.11860, section 3)

A search asks in waves: the fewest votes that could settle the matter, side by side, then a look. So a
wave holds nothing that turns out superfluous, nothing has to be cancelled, and neither the answer nor
the cost depends on who completes first.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass

from .aggregate import value
from .ask import Search, group
from .path import Path
from .spec import SpecError, brief

__all__ = ["Lead", "Stop", "standing", "stop_rule"]

# Sums of weights come from floats: a lead this small is none.
_EPSILON = 1e-9


@dataclass(frozen=True, slots=True)
class Lead:
    """The votes of the two strongest answers; a weighted vote counts for at most 1."""

    first: float = 0.0
    second: float = 0.0


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop at this `confidence` in [0.5, 1); None only where the lead is certain."""

    confidence: float | None

    def settled(self, lead: Lead, to_come: int) -> bool:
        """True where at most `to_come` further votes leave the lead where it is. A tie is never settled."""
        if lead.first > lead.second + to_come + _EPSILON:
            return True
        if self.confidence is None or lead.first <= lead.second + _EPSILON:
            return False
        return _majority(lead) >= self.confidence

    def wave(self, lead: Lead, to_come: int, likely: int = 1, most: int = 1) -> int:
        """The fewest further samples, each with `likely` votes for the leader, that could settle it; at most
        `to_come`. `most` is how many votes each of the others could still bring."""

        def enough(more: int) -> bool:
            return self.settled(Lead(lead.first + more * likely, lead.second), (to_come - more) * most)

        return 1 + bisect_left(range(1, to_come), True, key=enough)  # once enough, more are enough too


def stop_rule(text: str) -> Stop | None:
    """The rule that `stop=text` names; None is never. Raises SpecError."""
    if text == "never":
        return None
    if text == "certain":
        return Stop(None)
    try:
        confidence = float(text)
    except ValueError:
        confidence = math.nan
    # One spelling only, as the spec is a name: not .95, 0.950 or 9.5e-1.
    if not 0.5 <= confidence < 1 or text != str(confidence):
        raise SpecError(
            f"stop={brief(text)} is not known: never, certain, or a confidence from 0.5 to below 1, like 0.95"
        )
    return Stop(confidence)


def standing(paths_N: tuple[Path, ...], rule: str, aggregate: str) -> Search[Lead]:
    """How the vote stands: numbers of paths, or sums of their values where `rule` is weighted."""
    votes_N = yield from group(tuple(path.answer for path in paths_N))
    weights: defaultdict[int, float] = defaultdict(float)
    for path, vote in zip(paths_N, votes_N, strict=True):
        if vote is not None:
            weights[vote] += 1.0 if rule == "vote" else (value(path, aggregate) or 0.0)
    first, second, *_ = (*sorted(weights.values(), reverse=True), 0.0, 0.0)
    return Lead(first, second)


def _majority(lead: Lead) -> float:
    """P(p > 1/2) under Beta(first + 1, second + 1), weights rounded against the leader."""
    first, second = math.floor(lead.first + _EPSILON), math.ceil(lead.second - _EPSILON)
    trials = first + second + 1
    term = losses = 1
    for k in range(second):
        term = term * (trials - k) // (k + 1)
        losses += term
    return 1 - float(losses / 2**trials)
