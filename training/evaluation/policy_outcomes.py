"""What a choice of arms came to, problem by problem."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from compute_router.decide.price import Price
from compute_router.training.outcomes.outcome_matrix import Floats, Ints, OutcomeMatrix

__all__ = ["METRICS", "Outcomes"]

METRICS = ("accuracy", "tokens", "prm_tokens", "flops")

_FLOPS_PER_PARAMETER = 2.0


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Problems x arms: `accuracy`; `tokens` of the policy model; `prm_tokens`; `flops`, 2 x parameters x
    tokens of both models, NaN where a size or a count is not known."""

    accuracy: Floats
    tokens: Floats
    prm_tokens: Floats
    flops: Floats

    @classmethod
    def of(cls, matrix: OutcomeMatrix) -> Outcomes:
        policy = np.nan if matrix.params is None else float(matrix.params)
        flops = policy * matrix.tokens_PA + _prm_work(matrix)
        return cls(matrix.accuracy_PA, matrix.tokens_PA, matrix.prm_tokens_PA, _FLOPS_PER_PARAMETER * flops)

    def cost(self, price: Price) -> Floats:
        """Problems x arms, in the unit of the price: tokens of both models, or FLOPs."""
        return self.flops if price.unit == "flops" else self.tokens + self.prm_tokens

    def knows(self, price: Price) -> bool:
        """Whether every cost that the price needs was counted."""
        return price.value == 0 or not np.isnan(self.cost(price)).any()

    def utility(self, price: Price) -> Floats:
        """Accuracy - price x cost; at price 0 no cost is needed."""
        if price.value == 0:
            return self.accuracy
        return self.accuracy - price.value * self.cost(price) / price.per

    def of_choice(self, chosen_P: Ints, price: Price) -> dict[str, Floats]:
        """Each metric and the utility of the chosen arm on every problem."""
        at = np.arange(len(chosen_P))
        values = {name: getattr(self, name)[at, chosen_P] for name in METRICS}
        return {**values, "utility": self.utility(price)[at, chosen_P]}


def _prm_work(matrix: OutcomeMatrix) -> Floats:
    """Parameters x tokens of the PRM; nothing where it read nothing, whatever its size."""
    size = np.nan if matrix.prm_params is None else float(matrix.prm_params)
    return np.where(matrix.prm_tokens_PA == 0, 0.0, size * matrix.prm_tokens_PA)
