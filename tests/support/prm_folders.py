"""PRM folders of a few kilobytes with random weights, in the files and names that the real ones have."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compute_router.scoring.convert.safetensors import Tensor, array_of, read_header

__all__ = ["HIDDEN", "KINDS", "LAYERS", "make", "save", "score", "weights_of"]

HIDDEN, LAYERS, VOCABULARY = 8, 2, 32
KINDS = {
    "mlp": "Qwen2ForProcessRewardModel",
    "value": "Qwen2ForPrmModel",
    "linear": "Qwen2ForTokenClassification",
}
Array = NDArray[Any]


def make(folder: Path, kind: str, *, dtype: str = "F32", shards: int = 1, **config: Any) -> dict[str, Array]:
    """A PRM of `kind` in the new `folder`; its tensors."""
    folder.mkdir()
    tensors = {name: _kept(array, dtype) for name, array in _weights(kind).items()}
    names = list(tensors)
    files: dict[str, str] = {}
    for at in range(shards):
        file = "model.safetensors" if shards == 1 else f"model-{at + 1:05}-of-{shards:05}.safetensors"
        part = names[at::shards]
        save(folder / file, {name: tensors[name] for name in part}, dtype)
        files |= dict.fromkeys(part, file)
    if shards > 1:
        index = {"metadata": {"total_size": 0}, "weight_map": files}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    base = {
        "architectures": [KINDS[kind]],
        "auto_map": {"AutoModel": "modeling.Model"},
        "model_type": "qwen2",
        "hidden_size": HIDDEN,
        "num_hidden_layers": LAYERS,
        "vocab_size": VOCABULARY,
    }
    (folder / "config.json").write_text(json.dumps(base | config))
    (folder / "tokenizer.json").write_text('{"model": {}}')
    (folder / "tokenizer_config.json").write_text('{"auto_map": {}, "eos_token": "<end>"}')
    (folder / "modeling.py").write_text("raise SystemExit")
    return tensors


def save(file: Path, tensors: Mapping[str, Array], dtype: str = "F32") -> None:
    header: dict[str, Any] = {}
    data = b""
    for name, array in tensors.items():
        piece = _bytes(array, dtype)
        header[name] = {
            "dtype": dtype,
            "shape": list(array.shape),
            "data_offsets": [len(data), len(data) + len(piece)],
        }
        data += piece
    text = json.dumps(header).encode()
    file.write_bytes(len(text).to_bytes(8, "little") + text + data)


def weights_of(folder: Path) -> dict[str, Array]:
    """All tensors in the folder's files, as numbers."""
    tensors: dict[str, Tensor] = {}
    for file in sorted(folder.glob("*.safetensors")):
        tensors |= read_header(file)
    return {name: array_of(tensor) for name, tensor in tensors.items()}


def score(weights: Mapping[str, Array], hidden: Array) -> Array:
    """What the classes that have these heads make of hidden states (positions x HIDDEN), in [0, 1]."""
    if "v_head.summary.weight" in weights:
        return _sigmoid(_linear(weights, "v_head.summary", hidden)[:, 0])
    if "score.2.weight" in weights:
        middle = np.maximum(_linear(weights, "score.0", hidden), 0)
        logits = _linear(weights, "score.2", middle)
    else:
        logits = _linear(weights, "score", hidden)
    if logits.shape[1] == 1:
        return _sigmoid(logits[:, 0])
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers[:, 1] / powers.sum(axis=1))


def _linear(weights: Mapping[str, Array], name: str, x: Array) -> Array:
    return np.asarray(x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"])


def _sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


def _weights(kind: str) -> dict[str, Array]:
    random = np.random.default_rng(5)
    shapes: dict[str, tuple[int, ...]] = {
        "lm_head.weight": (VOCABULARY, HIDDEN),
        "model.embed_tokens.weight": (VOCABULARY, HIDDEN),
    }
    for layer in range(LAYERS):
        base = f"model.layers.{layer}"
        for name in "qkv":
            shapes[f"{base}.self_attn.{name}_proj.weight"] = (HIDDEN, HIDDEN)
            shapes[f"{base}.self_attn.{name}_proj.bias"] = (HIDDEN,)
        shapes[f"{base}.self_attn.o_proj.weight"] = (HIDDEN, HIDDEN)
        for name in ("gate", "up", "down"):
            shapes[f"{base}.mlp.{name}_proj.weight"] = (HIDDEN, HIDDEN)
        shapes[f"{base}.input_layernorm.weight"] = (HIDDEN,)
        shapes[f"{base}.post_attention_layernorm.weight"] = (HIDDEN,)
    shapes["model.norm.weight"] = (HIDDEN,)
    match kind:
        case "mlp":
            shapes |= {"score.0.weight": (HIDDEN, HIDDEN), "score.0.bias": (HIDDEN,)}
            shapes |= {"score.2.weight": (2, HIDDEN), "score.2.bias": (2,)}
        case "value":
            shapes |= {"v_head.summary.weight": (1, HIDDEN), "v_head.summary.bias": (1,)}
        case _:
            shapes |= {"score.weight": (2, HIDDEN), "score.bias": (2,)}
    return {name: random.normal(size=shape) for name, shape in shapes.items()}


def _kept(array: Array, dtype: str) -> Array:
    """The numbers that are left of `array` in `dtype`."""
    data = _bytes(array, dtype)
    if dtype == "BF16":
        return (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4").astype(float).reshape(array.shape)
    return np.frombuffer(data, {"F16": "<f2", "F32": "<f4"}[dtype]).astype(float).reshape(array.shape)


def _bytes(array: Array, dtype: str) -> bytes:
    if dtype == "BF16":
        return (array.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()
    return array.astype({"F16": "<f2", "F32": "<f4"}[dtype]).tobytes()
