"""What becomes of a PRM's head, so that a class of SGLang reads it.

SGLang 0.5 has, for Qwen2.5 (srt/models/qwen2_rm.py and qwen2_classification.py), both pooled at the last
token and neither normalized nor activated:

    Qwen2ForRewardModel              score = Linear(h, h), ReLU, Linear(h, 1), with biases
    Qwen2ForSequenceClassification   score = Linear(h, labels), with a bias

(0.5.10 cannot load either of them by itself: see router/scoring/sglang_models.)

Qwen2.5-Math-PRM ends in Linear(h, 2) and a softmax, whose second entry is sigmoid(l1 - l0): the difference of
the two rows is the one row of Qwen2ForRewardModel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from compute_router.errors import InputError
from compute_router.scoring.convert.safetensors import Tensor, array_of

__all__ = ["Head", "head_of"]


@dataclass(frozen=True, slots=True)
class Head:
    """`kind` as in the registry; `architecture` serves it; `tensors` take the place of those `replaced`."""

    kind: str
    architecture: str
    labels: int
    tensors: Mapping[str, Tensor | NDArray[np.float32]]
    replaced: frozenset[str]


def head_of(weights: Mapping[str, Tensor]) -> Head:
    """The head among `weights`. Raises InputError where there is none that SGLang could serve."""
    if "v_head.summary.weight" in weights:
        return _linear("value", weights, "v_head.summary")
    if "score.2.weight" in weights:
        return _folded(weights)
    if "score.weight" in weights:
        return _linear("linear", weights, "score")
    raise InputError(
        "no reward head among the weights (v_head.summary, score.0 and score.2, or score): a PRM that is "
        "read from its tokens' log-probabilities is served as it is"
    )


def _linear(kind: str, weights: Mapping[str, Tensor], old: str) -> Head:
    weight = weights[f"{old}.weight"]
    if len(weight.shape) != 2:
        raise InputError(f"{old}.weight has the shape {list(weight.shape)}, not labels x hidden size")
    labels = weight.shape[0]
    if kind == "value" and labels != 1:
        raise InputError(f"the value head has {labels} labels, where one is a score")
    bias = weights.get(f"{old}.bias")
    tensors: dict[str, Tensor | NDArray[np.float32]] = {
        "score.weight": weight,
        # SGLang's class has a bias, and would leave one that is not in the file as it came.
        "score.bias": bias if bias is not None else np.zeros(labels, np.float32),
    }
    replaced = frozenset(name for name in weights if name.startswith(f"{old}."))
    return Head(kind, "Qwen2ForSequenceClassification", labels, tensors, replaced)


def _folded(weights: Mapping[str, Tensor]) -> Head:
    names = [f"score.{layer}.{part}" for layer in (0, 2) for part in ("weight", "bias")]
    missing = [name for name in names if name not in weights]
    if missing:
        raise InputError(f"the weights lack {', '.join(missing)}")
    rows = weights["score.2.weight"].shape[0]
    if rows != 2 or weights["score.2.bias"].shape != (2,):
        raise InputError(f"the head has {rows} labels, where a PRM of this kind has two")
    tensors: dict[str, Tensor | NDArray[np.float32]] = {name: weights[name] for name in names}
    for name in names[2:]:
        numbers = array_of(weights[name])
        tensors[name] = (numbers[1:] - numbers[:1]).astype(np.float32)
    return Head("mlp", "Qwen2ForRewardModel", 1, tensors, frozenset(names))
