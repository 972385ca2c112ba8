"""A coarser row as the prior of a finer one: what it says of an arm, or of two."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from compute_router.decide.table import Cell, Gain, MeasuredRow
from compute_router.difficulty.bins import BINS
from compute_router.policies.spec import values_of
from compute_router.training.outcomes.outcome_matrix import Floats
from compute_router.training.sweep.implied_arms import strategy_of
from compute_router.training.tables.pooling import Prior

__all__ = ["ShrinkagePrior"]


@dataclass(frozen=True, eq=False)
class ShrinkagePrior:
    """`row` is of other data than what is shrunk towards it. Only the row of a domain is shrunk towards that
    of all problems, which has its own among them (domains.py)."""

    row: MeasuredRow

    def accuracy(self, arm: str) -> Prior | None:
        """How often the arm is right in each bin; None where the row has it not."""
        if (cells := self._cells(arm)) is None:
            return None
        sd_3 = np.array([(cell.interval[1] - cell.interval[0]) / 3.92 for cell in cells])
        return Prior(np.array([cell.accuracy for cell in cells]), np.diag(sd_3**2), False)

    def tokens(self, arm: str, *, prm: bool) -> Floats | None:
        """Tokens of the policy model, or of the PRM, in each bin; None where the row does not know them."""
        counts = [cell.prm_tokens if prm else cell.tokens for cell in self._cells(arm) or ()]
        known = [count for count in counts if count is not None]
        return np.array(known) if len(known) == len(BINS) else None

    def gain(self, base: str, arm: str) -> Prior | None:
        """What the arm gains over `base`; None where the row has nothing like one of them. An arm that it has
        only of other numbers of samples is taken for the nearest of these: one without a prior, among arms
        that have one, would be the best of them by its noise alone."""
        like_base, like_arm = self._nearest(base), self._nearest(arm)
        if like_base is None or like_arm is None:
            return None
        return self._between(like_base, like_arm)

    def _between(self, base: str, arm: str) -> Prior | None:
        if base == arm:
            return Prior(np.zeros(3), np.zeros((3, 3)), False)
        known = self._known
        if arm in known.get(base, {}):
            return Prior(*known[base][arm], False)
        if base in known.get(arm, {}):
            mean_3, covariance_33 = known[arm][base]
            return Prior(-mean_3, covariance_33, False)
        of = known[self.row.incumbents[0].spec]
        if arm not in of or base not in of:
            return None
        (to_3, to_33), (from_3, from_33) = of[arm], of[base]
        return Prior(to_3 - from_3, to_33 + from_33, False)

    @cached_property
    def _known(self) -> dict[str, dict[str, tuple[Floats, Floats]]]:
        """Of each incumbent what each arm gains over it."""
        specs = [arm.spec for arm in self.row.arms]
        return {
            one.spec: {specs[gain.arm]: _moments(gain) for gain in one.gains} for one in self.row.incumbents
        }

    def _nearest(self, arm: str) -> str | None:
        if self._cells(arm) is not None:
            return arm
        likes = {one.spec: n for one in self.row.arms if (n := _times(arm, one.spec)) is not None}
        return min(likes, key=lambda spec: (abs(math.log(likes[spec])), spec), default=None)

    def _cells(self, arm: str) -> list[Cell] | None:
        for one in self.row.arms:
            if one.spec == arm:
                return [one.cell(name) for name in BINS]
        return None


def _times(arm: str, other: str) -> float | None:
    """How many times the samples of `other` the arm takes, where they are the same but for that."""
    mine, theirs = strategy_of(arm), strategy_of(other)
    if mine is None or theirs is None or mine.name != theirs.name:
        return None
    here, there = values_of(mine), values_of(theirs)
    n, m = here.pop("n", None), there.pop("n", None)
    return n / m if n and m and here == there else None


def _moments(gain: Gain) -> tuple[Floats, Floats]:
    ee, em, eh, mm, mh, hh = gain.covariance
    return np.array(gain.mean), np.array([[ee, em, eh], [em, mm, mh], [eh, mh, hh]])
