"""Looks: what a probe of k samples saw of a problem, and how many of the other samples were right.

Every subset of k of a problem's N samples is one look at it; looks of one problem that no probe can tell
apart, and with the same rest, are one row with their shares added. What was looked at is never the target.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from random import Random

import numpy as np
from scipy.special import gammaln

from compute_router.difficulty.logistic import logit
from compute_router.difficulty.probe import CLIP, LOWEST
from compute_router.training.outcomes.outcome_matrix import Floats, Ints
from research.probe.sampled_problem import Sampled

__all__ = ["Looks", "looks"]

MOST = 500
"""Subsets of one problem; of more, so many are drawn."""


@dataclass(frozen=True, eq=False)
class Looks:
    """L looks of k samples. `problem_L`: index; `share_L`: sums to 1 over each problem.

    Each may be explained by one of C cases: no answer is right, or one group of equal answers is. Of a case:
    `right_LC` samples are right (-1: no such case); `wrong_LC` answered and are wrong, in `groups_LC` groups
    with `shape_LC` = sum of log (size - 1)!; `valued_LC` of the right ones have a PRM value, `odds_LC` is the
    sum of its logits; `spoken_LC` of the others a log-probability, `logprob_LC` their sum.

    `rest_right_L` of `rest_L` others were right. `top_L2`: sizes of the two largest groups. `subsets_L`: the
    samples that were looked at, of every look that the row stands for.
    """

    k: int
    problem_L: Ints
    share_L: Floats
    right_LC: Ints
    wrong_LC: Floats
    groups_LC: Floats
    shape_LC: Floats
    valued_LC: Floats
    odds_LC: Floats
    spoken_LC: Floats
    logprob_LC: Floats
    rest_right_L: Floats
    rest_L: Floats
    top_L2: Ints
    subsets_L: tuple[tuple[tuple[int, ...], ...], ...]


@dataclass(frozen=True, slots=True)
class _Case:
    right: int
    wrong: int = 0
    groups: int = 0
    shape: float = 0.0
    valued: int = 0
    odds: float = 0.0
    spoken: int = 0
    logprob: float = 0.0


def looks(problems: Sequence[Sampled], k: int, *, seed: int = 0) -> Looks:
    """The looks of k samples at every problem that has more."""
    found: dict[tuple[int, tuple[_Case, ...], int], list[tuple[int, ...]]] = defaultdict(list)
    of_problem: defaultdict[int, int] = defaultdict(int)
    for at, problem in enumerate(problems):
        if len(problem.paths_N) <= k:
            continue
        right = problem.right_N
        for subset in _subsets(len(right), k, seed):
            rest = sum(right) - sum(right[i] for i in subset)
            found[at, tuple(sorted(_cases(problem, subset), key=_order)), rest].append(subset)
            of_problem[at] += 1
    keys = list(found)
    cases = [key[1] for key in keys]
    width = max(map(len, cases), default=1)

    def column(field: str) -> Floats:
        table = np.full((len(keys), width), -1.0 if field == "right" else 0.0)
        for row, some in enumerate(cases):
            table[row, : len(some)] = [getattr(case, field) for case in some]
        return table

    groups = [sorted((case.right for case in some), reverse=True) for some in cases]
    return Looks(
        k=k,
        problem_L=np.array([key[0] for key in keys], dtype=np.int64),
        share_L=np.array([len(found[key]) / of_problem[key[0]] for key in keys], dtype=np.float64),
        right_LC=column("right").astype(np.int64),
        wrong_LC=column("wrong"),
        groups_LC=column("groups"),
        shape_LC=column("shape"),
        valued_LC=column("valued"),
        odds_LC=column("odds"),
        spoken_LC=column("spoken"),
        logprob_LC=column("logprob"),
        rest_right_L=np.array([key[2] for key in keys], dtype=np.float64),
        rest_L=np.array([len(problems[key[0]].paths_N) - k for key in keys], dtype=np.float64),
        top_L2=np.array([(*some, 0, 0)[:2] for some in groups], dtype=np.int64).reshape(-1, 2),
        subsets_L=tuple(tuple(found[key]) for key in keys),
    )


def _subsets(n: int, k: int, seed: int) -> list[tuple[int, ...]]:
    if math.comb(n, k) <= MOST:
        return list(combinations(range(n), k))
    draw = Random(seed)
    drawn = {tuple(sorted(draw.sample(range(n), k))) for _ in range(MOST)}
    return sorted(drawn)


def _cases(problem: Sampled, subset: tuple[int, ...]) -> list[_Case]:
    members: defaultdict[int, list[int]] = defaultdict(list)
    for i in subset:
        group = problem.paths_N[i].group
        if group is not None:
            members[group].append(i)
    sizes = {group: len(some) for group, some in members.items()}
    answered, shape = sum(sizes.values()), sum(float(gammaln(size)) for size in sizes.values())
    cases = [_Case(0, answered, len(sizes), round(shape, 9))]
    for group, some in members.items():
        values = [value for i in some if (value := problem.values_N[i]) is not None]
        logprobs = [
            logprob
            for i in some
            if problem.values_N[i] is None and (logprob := problem.paths_N[i].logprob) is not None
        ]
        cases.append(
            _Case(
                right=sizes[group],
                wrong=answered - sizes[group],
                groups=len(sizes) - 1,
                shape=round(shape - float(gammaln(sizes[group])), 9),
                valued=len(values),
                odds=round(sum(logit(min(1 - CLIP, max(CLIP, value))) for value in values), 9),
                spoken=len(logprobs),
                logprob=round(sum(min(0.0, max(LOWEST, one)) for one in logprobs), 9),
            )
        )
    return cases


def _order(case: _Case) -> tuple[float, ...]:
    return (case.right, case.odds, case.logprob, case.shape, case.valued, case.spoken)
