"""A PRM's folder as it was downloaded, checked before anything is written."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compute_router.errors import InputError
from compute_router.scoring.convert.heads import Head, head_of
from compute_router.scoring.convert.safetensors import Tensor, read_header
from compute_router.scoring.known_prms import CONVERTED_KEY, PRMS

__all__ = ["INDEX", "Source", "read_json", "read_source"]

INDEX = "model.safetensors.index.json"
TOKENIZER = (
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
    "merges.txt",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
)
_PICKLES = ("*.bin", "*.pt", "*.pth")
_LAYER = (
    *(f"self_attn.{name}_proj.{part}" for name in "qkv" for part in ("weight", "bias")),
    "self_attn.o_proj.weight",
    *(f"mlp.{name}_proj.weight" for name in ("gate", "up", "down")),
    "input_layernorm.weight",
    "post_attention_layernorm.weight",
)


@dataclass(frozen=True, slots=True)
class Source:
    """`shards`: the tensors of each file, by the names that SGLang's classes use; `prm`: its hub id;
    `tokenizer`: the files that make up the tokenizer."""

    folder: Path
    config: Mapping[str, Any]
    shards: Mapping[str, Mapping[str, Tensor]]
    head: Head
    prm: str
    tokenizer: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes of all weights."""
        return sum(tensor.length for shard in self.shards.values() for tensor in shard.values())


def read_source(folder: Path) -> Source:
    """Raises InputError where `folder` holds no PRM that can be converted."""
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder: download the PRM first (hf download NAME --local-dir DIR)")
    config = _config(folder)
    shards = {file.name: _own_names(read_header(file)) for file in _files(folder)}
    weights = _joined(shards.values())
    _check_index(folder, weights)
    _check_layers(folder, weights, config)
    head = head_of(weights)
    tokenizer = tuple(name for name in TOKENIZER if (folder / name).is_file())
    if not {"tokenizer.json", "vocab.json"} & set(tokenizer):
        raise InputError(f"{folder} has no tokenizer.json: a PRM is read with its own tokenizer")
    return Source(folder, config, shards, head, _prm(folder, config, head, weights), tokenizer)


def _own_names(shard: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix("pretrained_model."): tensor for name, tensor in shard.items()}


def _joined(shards: Iterable[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    for shard in shards:
        for name, tensor in shard.items():
            if name in found:
                raise InputError(f"{name} is in {found[name].file.name} and in {tensor.file.name}")
            found[name] = tensor
    return found


def _config(folder: Path) -> dict[str, Any]:
    config = read_json(folder / "config.json")
    if CONVERTED_KEY in config:
        raise InputError(f"{folder} is converted already: serve it as it is")
    architecture = str((config.get("architectures") or ["none"])[0])
    if not architecture.startswith("Qwen2For"):
        raise InputError(f"{folder} is a {architecture}: only PRMs made of Qwen2 and Qwen2.5 convert")
    return config


def _files(folder: Path) -> list[Path]:
    files = sorted(folder.glob("*.safetensors"))
    if files:
        return files
    if any(file for pattern in _PICKLES for file in folder.glob(pattern)):
        raise InputError(
            f"{folder} has its weights as pickles, which can run any code: only safetensors files convert"
        )
    raise InputError(f"{folder} has no *.safetensors files")


def _check_index(folder: Path, weights: Mapping[str, Tensor]) -> None:
    if not (folder / INDEX).is_file():
        return
    listed = read_json(folder / INDEX).get("weight_map")
    names = listed if isinstance(listed, dict) else {}
    lack = {
        str(file) for name, file in names.items() if name.removeprefix("pretrained_model.") not in weights
    }
    if lack:
        raise InputError(f"{folder} lacks weights that {INDEX} lists in {', '.join(sorted(lack))}")


def _check_layers(folder: Path, weights: Mapping[str, Tensor], config: Mapping[str, Any]) -> None:
    layers = config.get("num_hidden_layers")
    if not isinstance(layers, int):
        raise InputError(f"{folder}/config.json states no num_hidden_layers")
    names = ["model.embed_tokens.weight", "model.norm.weight"]
    names += [f"model.layers.{layer}.{part}" for layer in range(layers) for part in _LAYER]
    lack = [name for name in names if name not in weights]
    if lack:
        more = f" and {len(lack) - 1} more" if len(lack) > 1 else ""
        raise InputError(f"{folder} lacks the weights {lack[0]}{more}")


def _prm(folder: Path, config: Mapping[str, Any], head: Head, weights: Mapping[str, Tensor]) -> str:
    """The hub id of the PRM with this head: by its folder's or config's name, else the closest in size."""
    alike = [prm for prm in PRMS.values() if prm.head == head.kind]
    given = (str(config.get("_name_or_path") or ""), folder.resolve().name)
    words = {name.rstrip("/").rpartition("/")[2].lower() for name in given}
    params = sum(math.prod(tensor.shape) for tensor in weights.values())
    closest = min(
        alike,
        key=lambda prm: (prm.name.rpartition("/")[2].lower() not in words, abs(prm.params - params)),
    )
    return closest.name


def read_json(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_bytes())
    except FileNotFoundError as error:
        raise InputError(f"{file.parent} has no {file.name}") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{file} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise InputError(f"{file} is no JSON object")
    return found
