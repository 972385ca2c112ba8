"""The paper's rule (arXiv 2502.06703, section 4), as far as a sweep has its arms.

The predicted bin of a problem and the size class of the policy model name a strategy; of its arms the one
with the largest n is taken. Where the sweep has no such arm, the nearest kind of search stands in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from compute_router.decide.table import RuleRow, SizeClass, load_table, size_class
from compute_router.difficulty.bins import BINS
from compute_router.io.data_files import data_path
from compute_router.policies import BestOfN, SpecError, Strategy, from_spec
from compute_router.policies.spec import values_of
from compute_router.training.outcomes.outcome_matrix import Floats, Ints, OutcomeMatrix

__all__ = ["PaperRule", "labels", "nearest_arm", "paper_rule"]

_SAMPLING = ("best_of_n", "majority")
_STEPWISE = ("rebase", "mcts", "reroute")
_LONE = ("greedy", "direct")
_NEAREST = {
    "best_of_n": (*_SAMPLING, "dvts", "beam", *_STEPWISE, *_LONE),
    "beam": ("beam", *_STEPWISE, "dvts", *_SAMPLING, *_LONE),
    "dvts": ("dvts", "beam", *_STEPWISE, *_SAMPLING, *_LONE),
}
_LARGEST: SizeClass = "72B+"


@dataclass(frozen=True, slots=True)
class PaperRule:
    """`arm_B`: the arm of each bin (easy, medium, hard). `notes`: what had to stand in for what."""

    arm_B: Ints
    notes: tuple[str, ...]

    def choose(self, bins_P3: Floats) -> Ints:
        return self.arm_B[labels(bins_P3)]


def labels(bins_P3: Floats) -> Ints:
    """The likeliest bin of each problem, of equals the harder one, as `difficulty.Distribution.label`."""
    return np.asarray(len(BINS) - 1 - np.argmax(bins_P3[:, ::-1], axis=1), dtype=np.int64)


def paper_rule(matrix: OutcomeMatrix) -> PaperRule:
    """The rule for this policy model, on the arms of this matrix."""
    notes = []
    size = _LARGEST if matrix.params is None else size_class(matrix.params)
    if matrix.params is None:
        notes.append(f"the size of {matrix.policy_model} is not known: the paper's rule for {size} is taken")
    arms = []
    for name, wanted in zip(BINS, _specs(size), strict=True):
        at = nearest_arm(matrix, from_spec(wanted))
        kind = _read(matrix.arms_A[at])
        if kind is None or kind.name != from_spec(wanted).name:
            notes.append(
                f"the paper's rule for {name} is {from_spec(wanted).name}, which the sweep lacks: "
                f"{matrix.arms_A[at]} stands in"
            )
        arms.append(at)
    return PaperRule(np.array(arms, dtype=np.int64), tuple(notes))


def _specs(size: SizeClass) -> tuple[str, str, str]:
    for row in load_table(data_path("table.json")).rows:
        if isinstance(row, RuleRow) and row.size == size and row.prm is None:
            return row.easy, row.medium, row.hard
    raise AssertionError(f"the shipped table has no rule for {size}")


def nearest_arm(matrix: OutcomeMatrix, wanted: Strategy) -> int:
    """Of the nearest kind in the matrix the largest n; of equals the arm that selects as the rule does, then
    the one whose further options come first by name: a plain one before all others."""
    order = _NEAREST[wanted.name]

    def rank(arm: str) -> tuple[tuple[float, ...], list[str]]:
        found = _read(arm)
        if found is None:
            return (len(order), 0, 0, 0), []
        mine, theirs = values_of(found), values_of(wanted)
        alike = [mine.get(name) == theirs.get(name) for name in ("select", "aggregate")]
        return (order.index(found.name), -mine.get("n", 1), -alike[0], -alike[1]), _options(found)

    return min(range(len(matrix.arms_A)), key=lambda at: (rank(matrix.arms_A[at]), matrix.arms_A[at]))


def _options(strategy: Strategy) -> list[str]:
    """How a best_of_n selects, then what sets it apart from a plain one, by name; nothing of other kinds."""
    if not isinstance(strategy, BestOfN):
        return []
    usual, mine = values_of(BestOfN()), values_of(strategy)
    selects = [str(mine.pop(name)) for name in ("select", "aggregate")]
    del mine["n"]
    return [*selects, *sorted(f"{name}={value}" for name, value in mine.items() if value != usual[name])]


def _read(arm: str) -> Strategy | None:
    try:
        return from_spec(arm)
    except SpecError:
        return None
