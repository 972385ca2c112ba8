"""Answer aggregation: the answer of a problem from its paths (arXiv 2502.06703, section 3.1).

    max       the answer of the path with the highest value ("PRM-Max")
    vote      the answer that most paths reach ("Majority")
    weighted  the answer whose paths' values have the highest sum ("PRM-Vote")

Answers count as one where they are equal as mathematics. A path without an answer abstains, and so does one
that the search gave up (finish "dropped"). Every
rule is invariant under a permutation of the paths, ties included: a tie goes to the larger group, then
to the higher value, then to the more probable text, then to the answer that sorts first.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass

from .aggregate import value
from .ask import Search, group
from .path import Path

__all__ = ["SELECTS", "Outcome", "select"]

SELECTS = ("max", "vote", "weighted")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a search found. `chosen` indexes `paths_N`; both it and `answer` are None where no path
    states an answer. `votes_N[i]` is the group of path i (None abstains). `unscored` is true where
    the rule wanted PRM values and had to vote without them. `rerouted` is what it decided half-way."""

    answer: str | None
    chosen: int | None
    paths_N: tuple[Path, ...]
    votes_N: tuple[int | None, ...]
    unscored: bool = False
    rerouted: str | None = None


def select(paths_N: tuple[Path, ...], rule: str, aggregate: str = "last") -> Search[Outcome]:
    """Ask for the groups of equal answers and apply `rule`."""
    votes_N = yield from group(_answers(paths_N))
    voters = [i for i, vote in enumerate(votes_N) if vote is not None]
    if not voters:
        return Outcome(None, None, paths_N, votes_N)

    values_N = [value(path, aggregate) if rule != "vote" else None for path in paths_N]
    scored = [i for i in voters if values_N[i] is not None]
    unscored = rule != "vote" and not scored
    # A path the PRM could not score has no say, unless the PRM scored none at all.
    judged = voters if rule == "vote" or unscored else scored

    members: defaultdict[int, list[int]] = defaultdict(list)
    for i in judged:
        members[votes_N[i] or 0].append(i)

    def strength(group_of: list[int]) -> float:
        if rule == "vote" or unscored:
            return float(len(group_of))
        values = [values_N[i] or 0.0 for i in group_of]
        return max(values) if rule == "max" else math.fsum(values)

    def demerit(i: int) -> tuple[float, float]:
        return (-(values_N[i] or 0.0), -_mean_logprob(paths_N[i]))

    def order(group_of: list[int]) -> tuple[float, int, tuple[float, float], str]:
        first = min(paths_N[i].answer or "" for i in group_of)
        return (-strength(group_of), -len(group_of), min(map(demerit, group_of)), first)

    best = min(members.values(), key=order)
    if rule == "max" and not unscored:
        speakers = best
    else:
        spellings = Counter(paths_N[i].answer or "" for i in best)
        answer = min(spellings, key=lambda text: (-spellings[text], text))
        speakers = [i for i in best if paths_N[i].answer == answer]
    chosen = min(speakers, key=lambda i: (demerit(i), paths_N[i].text))
    return Outcome(paths_N[chosen].answer, chosen, paths_N, votes_N, unscored)


def _answers(paths_N: tuple[Path, ...]) -> tuple[str | None, ...]:
    """What each path says. One that the search gave up has no say, unless nobody else says anything."""
    firm = tuple(None if path.finish == "dropped" else path.answer for path in paths_N)
    return firm if any(answer is not None for answer in firm) else tuple(path.answer for path in paths_N)


def _mean_logprob(path: Path) -> float:
    logprobs = [logprob for step in path.steps_S for logprob in step.logprobs_T]
    return math.fsum(logprobs) / len(logprobs) if logprobs else -math.inf
