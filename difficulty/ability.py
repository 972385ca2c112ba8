"""How able a policy model is, on the scale of problem difficulty (logits)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from compute_router.difficulty import names

__all__ = ["Abilities", "Ability", "AbilityLaw", "PolicyModel", "Source"]

Source = Literal["logs", "published", "graded", "family", "parameters"]
"""Where an ability comes from, best first.

logs: graded answers of this model that the predictor was fitted on. graded: answers that the user
graded. published: an accuracy printed in the paper, put on the scale. family: the size law with the
offset of the model's family. parameters: the size law alone.
"""


@dataclass(frozen=True, slots=True)
class PolicyModel:
    """The LLM that writes solutions. `params`: number of parameters, at least 1."""

    name: str
    params: int

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ValueError("a policy model needs a name")
        if self.params < 1:
            raise ValueError(f"a policy model has at least one parameter, not {self.params}")


@dataclass(frozen=True, slots=True)
class Ability:
    """`value` with standard deviation `sd`, both in logits."""

    value: float
    sd: float
    source: Source

    def __post_init__(self) -> None:
        if not (math.isfinite(self.value) and math.isfinite(self.sd) and self.sd >= 0):
            raise ValueError(f"an ability is a finite value with sd >= 0, not {self.value} +- {self.sd}")


@dataclass(frozen=True, slots=True)
class AbilityLaw:
    """ability = intercept + slope * log10(params) + offset of the family (0 for an unknown one).

    `sd` is the error left where nothing is known of the family, `family_sd` where an offset is.
    """

    intercept: float
    slope: float
    offsets: Mapping[str, float]
    sd: float
    family_sd: float

    def __call__(self, model: PolicyModel) -> Ability:
        at_size = self.intercept + self.slope * math.log10(model.params)
        offset = self.offsets.get(names.family(model.name) or "")
        if offset is None:
            return Ability(at_size, self.sd, "parameters")
        return Ability(at_size + offset, self.family_sd, "family")


@dataclass(frozen=True, slots=True)
class Abilities:
    """Known abilities by `names.key`, and the law for the rest."""

    known: Mapping[str, Ability]
    law: AbilityLaw

    def of(self, model: PolicyModel) -> Ability:
        """By the exact key, else by the key without quantisation, else by the law."""
        for name in (names.key(model.name), names.base(model.name)):
            if name in self.known:
                return self.known[name]
        return self.law(model)

    def with_(self, name: str, ability: Ability) -> Abilities:
        """A copy in which `name` has `ability`."""
        return Abilities({**self.known, names.key(name): ability}, self.law)
