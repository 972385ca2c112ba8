"""The predictor: problem texts and a policy model in, distributions over the difficulty bins out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from compute_router.difficulty.ability import Abilities, Ability, PolicyModel, Source
from compute_router.difficulty.bins import Distribution
from compute_router.difficulty.calibrate import calibrate
from compute_router.difficulty.probe import EWENS, Probe
from compute_router.difficulty.text import Estimate, TextModel

__all__ = ["Prediction", "Predictor"]


@dataclass(frozen=True, slots=True)
class Prediction:
    """One problem for one policy model. `b`, `ability` and their sd are in logits, on one scale."""

    distribution: Distribution
    b: float
    b_sd: float
    ability: float
    ability_sd: float
    ability_source: Source


@dataclass(frozen=True, slots=True)
class Predictor:
    """pass@1 = sigmoid(discrimination * (ability - b)), with both b and the ability uncertain.

    An item response model (Rasch) whose item difficulties are regressed on the text. A value: it is
    never changed, and a prediction depends on its own problem only, not on the batch around it. `probe` is
    the second stage: what a search's first samples change.
    """

    text: TextModel
    abilities: Abilities
    discrimination: float
    probe: Probe = EWENS

    def predict(self, problems: Sequence[str], policy_model: PolicyModel) -> list[Prediction]:
        """One prediction a problem, in order. No text raises, none is slow."""
        ability = self.abilities.of(policy_model)
        return [self._predict(estimate, ability) for estimate in self.text.estimates(problems)]

    def calibrate(
        self,
        problems: Sequence[str],
        policy_model: PolicyModel,
        n_correct: Sequence[int],
        n: Sequence[int],
    ) -> Ability:
        """The model's ability given its graded answers; what was believed so far is the prior."""
        estimates = self.text.estimates(problems)
        return calibrate(estimates, n_correct, n, self.abilities.of(policy_model), self.discrimination)

    def with_ability(self, name: str, ability: Ability) -> Predictor:
        """A copy that believes the policy model `name` to have `ability`."""
        return replace(self, abilities=self.abilities.with_(name, ability))

    def _predict(self, estimate: Estimate, ability: Ability) -> Prediction:
        mean = self.discrimination * (ability.value - estimate.b)
        sd = self.discrimination * math.hypot(estimate.sd, ability.sd)
        return Prediction(
            distribution=Distribution.of_logit(mean, sd),
            b=estimate.b,
            b_sd=estimate.sd,
            ability=ability.value,
            ability_sd=ability.sd,
            ability_source=ability.source,
        )
