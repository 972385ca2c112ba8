"""A predictor as plain data (dicts, strings, floats, numpy arrays) and back.

Only this plain state is ever written: no estimator, no class of ours, nothing whose unpickling or
library version could matter.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from compute_router.difficulty.ability import Abilities, Ability, AbilityLaw
from compute_router.difficulty.features import SHAPE
from compute_router.difficulty.predictor import Predictor
from compute_router.difficulty.text import TextModel

__all__ = ["State", "from_state", "to_state"]

State = dict[str, Any]


def to_state(predictor: Predictor) -> State:
    """The predictor as nested dicts of str, float and float64 arrays. Terms are one string, a line each."""
    text, law = predictor.text, predictor.abilities.law
    terms = list(text.terms)
    return {
        "discrimination": float(predictor.discrimination),
        "terms": "\n".join(terms),
        "idf": _array([text.terms[t][0] for t in terms]),
        "weights": _array([text.terms[t][1] for t in terms]),
        "shape": _array(text.shape),
        "text": {name: float(getattr(text, name)) for name in _TEXT},
        "abilities": {
            name: {"value": float(a.value), "sd": float(a.sd), "source": a.source}
            for name, a in predictor.abilities.known.items()
        },
        "law": {name: float(getattr(law, name)) for name in _LAW},
        "families": {name: float(offset) for name, offset in law.offsets.items()},
    }


def from_state(state: State) -> Predictor:
    """Rebuild the predictor. Raises KeyError, TypeError or ValueError on a state that is not one."""
    terms = state["terms"].split("\n") if state["terms"] else []
    shape = _floats(state["shape"], (len(SHAPE), 3))
    pairs = zip(_floats(state["idf"], (len(terms),)), _floats(state["weights"], (len(terms),)), strict=True)
    return Predictor(
        text=TextModel(
            terms=dict(zip(terms, pairs, strict=True)),
            shape=tuple((low, high, weight) for low, high, weight in shape),
            **{name: _finite(state["text"][name]) for name in _TEXT},
        ),
        abilities=Abilities(
            known={name: Ability(**fields) for name, fields in state["abilities"].items()},
            law=AbilityLaw(
                **{name: _finite(state["law"][name]) for name in _LAW},
                offsets={name: _finite(offset) for name, offset in state["families"].items()},
            ),
        ),
        discrimination=_finite(state["discrimination"]),
    )


_TEXT = ("intercept", "centre", "residual", "spread")
_LAW = ("intercept", "slope", "sd", "family_sd")


def _array(values: Any) -> npt.NDArray[np.float64]:
    return np.asarray(values, dtype=np.float64)


def _floats(array: Any, shape: tuple[int, ...]) -> list[Any]:
    """A float array of exactly this shape, all finite, as (nested) lists of Python floats."""
    if not isinstance(array, np.ndarray) or array.shape != shape or array.dtype != np.float64:
        raise ValueError(f"an array of {shape} floats was expected")
    if not np.isfinite(array).all():
        raise ValueError("a weight is not a finite number")
    values: list[Any] = array.tolist()
    return values


def _finite(value: Any) -> float:
    if not isinstance(value, float) or not math.isfinite(value):
        raise ValueError(f"a finite number was expected, not {value!r}")
    return value
