from __future__ import annotations

import pytest

from compute_router import difficulty
from compute_router.difficulty import Ability, Predictor
from compute_router.difficulty.ability import Abilities, AbilityLaw
from compute_router.difficulty.features import SHAPE
from compute_router.difficulty.manifest import Provenance
from compute_router.difficulty.text import TextModel
from support.places import ROOT

SHIPPED = ROOT / "configs" / "difficulty"


@pytest.fixture(scope="session")
def shipped() -> Predictor:
    """The predictor that the project ships."""
    return difficulty.load(SHIPPED)


@pytest.fixture
def small() -> Predictor:
    """A predictor of a dozen numbers, whose behaviour can be worked out by hand."""
    return Predictor(
        text=TextModel(
            terms={"sum": (1.0, -2.0), "prove": (2.0, 3.0), "that the": (3.0, 1.0)},
            shape=tuple((0.0, 10.0, 0.01 * i) for i in range(len(SHAPE))),
            intercept=0.5,
            centre=0.25,
            residual=1.0,
            spread=2.0,
        ),
        abilities=Abilities(
            known={"tiny-1b": Ability(-1.0, 0.1, "logs")},
            law=AbilityLaw(intercept=-9.0, slope=1.0, offsets={"tiny": 0.5}, sd=1.5, family_sd=0.5),
        ),
        discrimination=1.25,
    )


@pytest.fixture
def provenance() -> Provenance:
    return Provenance(command="by hand", seed=0, data=[])
