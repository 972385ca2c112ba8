"""An average budget for a workload, spent where it buys most: exact, by one multiplier.

Each problem has arms of known cost and expected accuracy. Only those on its concave frontier can be in an
optimum of the linear program (at most the total budget, shares of arms allowed). Its steps, from one arm of
the frontier to the next, are taken in the order of accuracy bought a token until the budget is used; the
step that no longer fits is the one that the program would take in part. Capital suffixes: B problems, A arms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Allocation", "Split", "allocate", "frontier", "share_out"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_LINE = 1 - 1e-9
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Split:
    """The one problem that the linear program would give `share` of the next arm of its frontier."""

    problem: int
    arm: int
    share: float


@dataclass(frozen=True, slots=True, eq=False)
class Allocation:
    """`arm_B`: what is run; its total cost never exceeds the budget unless the cheapest arms alone do
    (`fits` is False then, and they are what is run). `multiplier`: accuracy that one unit of cost must buy,
    0 where the budget leaves room. `optimum`: mean accuracy of the linear program, of which `split` is the
    part that cannot be run."""

    arm_B: Ints
    accuracy: float
    cost: float
    multiplier: float
    optimum: float
    split: Split | None
    fits: bool


def frontier(accuracy_BA: Floats, cost_BA: Floats) -> tuple[Ints, Ints]:
    """The concave frontier of every problem: `arm_BK`, its arms from the cheapest (of equals the most
    accurate) to the most accurate, each step buying strictly less a unit of cost than the one before, -1
    beyond its end; and how many, `length_B`. An arm of NaN cost is none; ValueError where no other is."""
    many, arms = cost_BA.shape
    cost = np.where(np.isnan(cost_BA), np.inf, cost_BA)
    if not np.isfinite(cost).any(axis=1).all():
        raise ValueError("a problem has no arm of known cost")
    cheap_BA = cost == cost.min(axis=1, keepdims=True)
    at_B = np.where(cheap_BA, accuracy_BA, -np.inf).argmax(axis=1)
    arm_BK = np.full((many, arms), -1, dtype=np.int64)
    arm_BK[:, 0] = at_B
    length_B = np.ones(many, dtype=np.int64)
    going = np.arange(many)
    for k in range(1, arms):
        here = at_B[going]
        more = cost[going] - cost[going, here][:, None]
        better = accuracy_BA[going] - accuracy_BA[going, here][:, None]
        ahead = (more > 0) & (better > 0) & np.isfinite(more)
        slope = np.where(ahead, better / np.where(ahead, more, 1.0), -np.inf)
        steepest = slope.max(axis=1)
        # Of arms in one line (but for rounding) the farthest, so that slopes fall from step to step.
        step = np.where(slope >= steepest[:, None] * _LINE, more, -np.inf).argmax(axis=1)
        moves = ahead.any(axis=1)
        going, step = going[moves], step[moves]
        if not len(going):
            break
        at_B[going] = step
        arm_BK[going, k] = step
        length_B[going] += 1
    return arm_BK[:, : int(length_B.max(initial=1))], length_B


def allocate(accuracy_BA: Floats, cost_BA: Floats, average_budget: float) -> Allocation:
    """Arms of the highest total accuracy for B problems whose mean cost is at most `average_budget`. Raises
    ValueError where there is no problem, or one has no arm of known cost."""
    many = len(cost_BA)
    if not many:
        raise ValueError("there is no problem to spend a budget on")
    arm_BK, _ = frontier(accuracy_BA, cost_BA)
    rows = np.arange(many)
    arm_B = arm_BK[:, 0].copy()
    room = _ROUNDING * average_budget * many
    left = average_budget * many - float(cost_BA[rows, arm_B].sum()) + room
    right = float(accuracy_BA[rows, arm_B].sum())

    problem_S, step_S = np.nonzero(arm_BK[:, 1:] >= 0)
    before_S, after_S = arm_BK[problem_S, step_S], arm_BK[problem_S, step_S + 1]
    cost_S = cost_BA[problem_S, after_S] - cost_BA[problem_S, before_S]
    gain_S = accuracy_BA[problem_S, after_S] - accuracy_BA[problem_S, before_S]
    # Within a problem slopes fall, so the order by slope keeps that of its steps.
    order_S = np.lexsort((step_S, problem_S, -gain_S / cost_S))
    spent_S = np.cumsum(cost_S[order_S])
    taken = int(np.searchsorted(spent_S, left, side="right")) if left >= 0 else 0
    for s in order_S[:taken]:
        arm_B[problem_S[s]] = after_S[s]
    right += float(gain_S[order_S[:taken]].sum())

    multiplier, part, split = 0.0, 0.0, None
    if taken < len(order_S):
        s = order_S[taken]
        multiplier = float(gain_S[s] / cost_S[s])
        rest = left - (float(spent_S[taken - 1]) if taken else 0.0)
        if rest > 2 * room:
            split = Split(int(problem_S[s]), int(after_S[s]), rest / float(cost_S[s]))
            part = split.share * float(gain_S[s])
    return Allocation(
        arm_B=arm_B,
        accuracy=right / many,
        cost=float(cost_BA[rows, arm_B].mean()),
        multiplier=multiplier,
        optimum=(right + part) / many,
        split=split,
        fits=left >= 0,
    )


def share_out(parts: Sequence[tuple[Sequence[int], Floats, Floats]], average_budget: float) -> Allocation:
    """`allocate` over problems of several rows of the table, each with arms of its own. For each row: which
    problems it decides (every one of 0 to B - 1 has one row), and what its arms bring and cost there. `arm_B`
    counts the arms of the problem's row. Raises as `allocate` does."""
    many = sum(len(at) for at, _, _ in parts)
    most = max((cost_BA.shape[1] for _, _, cost_BA in parts), default=0)
    accuracy_BA, cost_BA = np.zeros((many, most)), np.full((many, most), np.nan)
    for at, brings_BA, costs_BA in parts:
        arms = costs_BA.shape[1]
        accuracy_BA[at, :arms], cost_BA[at, :arms] = brings_BA, costs_BA
    return allocate(accuracy_BA, cost_BA, average_budget)
