"""Which arm of a measured row a problem gets at a price: an incumbent, and what beats it beyond doubt.

The incumbent is the fixed arm of the highest utility, mean accuracy - price x mean cost. Another arm is
taken where, for this problem's distribution q over the bins, its gain over the incumbent

    q.gain - caution x sqrt(q' covariance q) - price x (q.cost - q.incumbent's cost)

is above zero; of several, the one of the highest expected utility. A dearer arm needs more caution: what it
costs is certain, what it brings is not. Under an average budget the incumbent is the most accurate fixed arm
that it pays, and `arm_values` has what allocation.py shares it out by. Suffixes: A arms, B problems, 3
bins.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from compute_router.decide.price import Price
from compute_router.decide.table import MeasuredRow
from compute_router.difficulty.bins import BINS
from compute_router.errors import TableError

__all__ = ["CAUTION", "CAUTION_CHEAPER", "ArmSelection", "arm_values", "select_arms"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_ROWS, _COLUMNS = np.triu_indices(len(BINS))

CAUTION = 0.5
"""Standard errors by which another arm must beat the incumbent. The gains are shrunk already."""
CAUTION_CHEAPER = 0.3
"""The same for an arm that the price makes cheaper in every bin."""


_UNLISTED = -1e300
"""The gain of an arm that the row does not list: it is taken only where no other may be."""


class ArmSelection:
    """A row at a price, ready to choose. `params`, `prm_params` stand in where the row names none. `within`:
    the incumbent is the best at this price of those whose mean cost is at most this, the cheapest where none
    is. Raises TableError where nothing is known of the arms' costs and the price is not 0, InputError where
    FLOPs need parameters that are not known."""

    def __init__(
        self,
        row: MeasuredRow,
        price: Price,
        *,
        params: int | None = None,
        prm_params: int | None = None,
        within: float | None = None,
    ) -> None:
        self.arms = tuple(arm.spec for arm in row.arms)
        cells = [[arm.cell(name) for name in BINS] for arm in row.arms]
        self.accuracy_A3 = np.array([[cell.accuracy for cell in three] for three in cells])
        tokens_A3 = np.array([[_known(cell.tokens) for cell in three] for three in cells])
        prm_A3 = np.array([[_known(cell.prm_tokens) for cell in three] for three in cells])
        sizes = (row.params or params, prm_params if row.prm_params is None else row.prm_params)
        self.cost_A3 = price.cost(tokens_A3, prm_A3, *sizes)
        self.price = price

        fixed = [self.arms.index(one.spec) for one in row.incumbents]
        spent_F = price.cost(
            np.array([_known(one.tokens) for one in row.incumbents]),
            np.array([_known(one.prm_tokens) for one in row.incumbents]),
            *sizes,
        )
        utility_F = np.array([one.accuracy for one in row.incumbents])
        if price.value > 0:
            if np.isnan(spent_F).all():
                raise TableError(f"the row {row.id} knows no costs: it answers a price of 0 only")
            utility_F = utility_F - price.value * spent_F / price.per
        if within is not None:
            utility_F = np.where(spent_F <= within, utility_F, -np.inf)
        # Of equal utility the cheaper, then the first.
        order = sorted(
            range(len(fixed)),
            key=lambda f: (-np.nan_to_num(utility_F[f], nan=-np.inf), np.nan_to_num(spent_F[f], nan=np.inf)),
        )
        best = row.incumbents[order[0]]
        self.incumbent = fixed[order[0]]
        self._gain_3A = np.full((3, len(self.arms)), _UNLISTED)
        self._gain_3A[:, self.incumbent] = 0.0
        # q' covariance q as a product of six columns; what lies off the diagonal counts twice.
        self._spread_6A = np.zeros((6, len(self.arms)))
        for arm, mean, covariance in best.gains:
            self._gain_3A[:, arm], self._spread_6A[:, arm] = mean, covariance
        self._spread_6A[[1, 2, 4]] *= 2
        extra_A3 = self.cost_A3 - self.cost_A3[self.incumbent]
        self._extra_3A = extra_A3.T * (price.value / price.per) if price.value > 0 else 0.0 * self._gain_3A
        self._caution_A = np.where((self._extra_3A < 0).all(axis=0), CAUTION_CHEAPER, CAUTION)
        # An arm of unknown cost is never taken at a price.
        self._unknown_A = np.isnan(self._extra_3A).any(axis=0)
        self._extra_3A[:, self._unknown_A] = 0.0
        self._worth_3A = self._gain_3A - self._extra_3A

    def choose(self, bins_B3: Floats, allowed_BA: Mask | None = None) -> Ints:
        """The index of the arm for each distribution over (easy, medium, hard). `allowed_BA` leaves arms out:
        where the incumbent is one of them, the best of those allowed is taken; where all are, the incumbent.
        Each problem is computed in the same way whatever stands beside it."""
        return self.pick(*self.gains(bins_B3), allowed_BA)

    def pick(self, gain_BA: Floats, doubt_BA: Floats, allowed_BA: Mask | None = None) -> Ints:
        """`choose`, of what `gains` gave."""
        beats_BA = gain_BA > self._caution_A * doubt_BA
        if allowed_BA is not None:
            free_B = ~allowed_BA[:, self.incumbent]
            beats_BA = (beats_BA | free_B[:, None]) & allowed_BA
        beats_BA[:, self.incumbent] = True
        if allowed_BA is not None:
            beats_BA[:, self.incumbent] = allowed_BA[:, self.incumbent] | ~allowed_BA.any(axis=1)
        score_BA = np.where(beats_BA, gain_BA, -np.inf)
        return np.asarray(score_BA.argmax(axis=1))

    def gains(self, bins_B3: Floats) -> tuple[Floats, Floats]:
        """Utility of every arm above the incumbent's as expected, and one standard error of it: (B, A)."""
        gain_BA = _times(bins_B3, self._worth_3A)
        spread_BA = _times(_squares(bins_B3), self._spread_6A)
        gain_BA[:, self._unknown_A] = -np.inf
        return gain_BA, np.sqrt(np.maximum(spread_BA, 0.0))

    def expected(self, bins_B3: Floats, arm_B: Ints) -> tuple[Floats, Floats]:
        """Expected accuracy and cost (tokens, or FLOPs) of those arms: (B,), (B,)."""
        accuracy_B = (bins_B3 * self.accuracy_A3[arm_B]).sum(axis=1)
        return accuracy_B, (bins_B3 * self.cost_A3[arm_B]).sum(axis=1)


def select_arms(row: MeasuredRow, bins_B3: Floats, price: Price) -> tuple[Ints, Floats, Floats]:
    """Index of the chosen arm, its expected accuracy and its expected cost (tokens, or FLOPs: the price's
    unit), for each row of `bins_B3` (easy, medium, hard). Raises as `ArmSelection` does."""
    selection = ArmSelection(row, price)
    arm_B = selection.choose(bins_B3)
    return arm_B, *selection.expected(bins_B3, arm_B)


def arm_values(row: MeasuredRow, bins_B3: Floats, average_budget: float) -> tuple[Floats, Floats]:
    """For an average budget to be shared out: what every arm brings, in accuracy, and costs, in tokens, each
    (B, A). The most accurate fixed arm that the average pays is as its cells say, any other as much more
    accurate as is sure (`CAUTION`). An arm of unknown cost brings -inf and costs NaN."""
    selection = ArmSelection(row, Price(0), within=average_budget)
    gain_BA, doubt_BA = selection.gains(bins_B3)
    base_B1 = _times(bins_B3, selection.accuracy_A3[selection.incumbent][:, None])
    return base_B1 + gain_BA - CAUTION * doubt_BA, _times(bins_B3, selection.cost_A3.T)


def _known(count: float | None) -> float:
    return np.nan if count is None else count


def _squares(bins_B3: Floats) -> Floats:
    return bins_B3[:, _ROWS] * bins_B3[:, _COLUMNS]


def _times(left_BK: Floats, right_KA: Floats) -> Floats:
    """Their product, summed in the same order for every B, which a matrix product may not do."""
    return np.asarray((left_BK[:, :, None] * right_KA).sum(axis=1))
