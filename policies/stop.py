"""When the leading answer is settled, and how many more votes it could take to settle it.

    never     ask for everything
    certain   nothing still to come can overturn the lead
    0.95      a Beta posterior gives the lead this probability against the second answer
              (Adaptive-Consistency, arXiv 2305.11860, section 3)

The posterior counts votes, also where the vote is weighted: independent samples that agree are evidence,
however little a PRM thinks of each.

A search asks in waves: the fewest votes that could settle the matter, side by side, then a look. So a
wave holds nothing that turns out superfluous, nothing has to be cancelled, and neither the answer nor
the cost depends on who completes first.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter, defaultdict
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
    """How far the strongest answer leads. `first`, `second`: the weights of the two strongest, at most 1 a
    vote; `votes`: those of the strongest, `against`: of the most frequent among the others."""

    first: float = 0.0
    second: float = 0.0
    votes: int = 0
    against: int = 0


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop at this `confidence` in [0.5, 1); None only where the lead is certain."""

    confidence: float | None

    def settled(self, lead: Lead, to_come: int) -> bool:
        """True where at most `to_come` further votes leave the lead where it is. A tie is never settled."""
        if lead.first > lead.second + to_come + _EPSILON:
            return True
        if self.confidence is None or lead.first <= lead.second + _EPSILON or lead.votes <= lead.against:
            return False
        return _majority(lead.votes, lead.against) >= self.confidence

    def wave(self, lead: Lead, to_come: int, likely: int = 1, most: int = 1) -> int:
        """The fewest further samples, each with `likely` votes for the leader, that could settle it; at most
        `to_come`. `most` is how many votes each of the others could still bring."""

        # Where weights and votes disagree, it may be settled soonest for the answer with more votes.
        fewer, votes = sorted((lead.votes, lead.against))

        def enough(more: int) -> bool:
            gained = more * likely
            hoped = Lead(lead.first + gained, lead.second, votes + gained, fewer)
            return self.settled(hoped, (to_come - more) * most)

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
    """How the vote stands; the weights are numbers of paths, or sums of their values where `rule` is
    weighted."""
    votes_N = yield from group(tuple(path.answer for path in paths_N))
    count = Counter(vote for vote in votes_N if vote is not None)
    weights: defaultdict[int, float] = defaultdict(float)
    for path, vote in zip(paths_N, votes_N, strict=True):
        if vote is not None:
            weights[vote] += 1.0 if rule == "vote" else (value(path, aggregate) or 0.0)
    strongest = sorted(weights, key=lambda vote: (-weights[vote], -count[vote], vote))
    if not strongest:
        return Lead()
    second = weights[strongest[1]] if len(strongest) > 1 else 0.0
    against = max((count[vote] for vote in strongest[1:]), default=0)
    return Lead(weights[strongest[0]], second, count[strongest[0]], against)


def _majority(first: int, second: int) -> float:
    """P(p > 1/2) under Beta(first + 1, second + 1), where first > second."""
    trials = first + second + 1
    term = losses = 1
    for k in range(second):
        term = term * (trials - k) // (k + 1)
        losses += term
    return 1 - float(losses / 2**trials)
