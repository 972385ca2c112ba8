"""Weights, tokenizer and what ends a text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compute_router.engines.torch.attention import NAME, attend
from compute_router.engines.torch.library import torch, transformers
from compute_router.errors import EngineError

__all__ = ["Loaded", "load"]

ENDS = ("<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|end_of_text|>", "<|end|>", "<end_of_turn>", "</s>")
"""Control tokens that end a text, whatever a model's configuration says: llama.cpp knows them by name too."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """`ends`: the tokens that end a text."""

    model: Any
    tokenizer: Any
    ends: frozenset[int]


def load(path: Path) -> Loaded:
    """The model of a .gguf file: its weights as they are stored there, made into numbers of 16 bits where the
    processor multiplies these. No code that lies beside it is run. Raises EngineError."""
    kind = transformers()
    where = {"pretrained_model_name_or_path": str(path.parent), "gguf_file": path.name}
    kind.AttentionInterface.register(NAME, attend)
    try:
        tokenizer = kind.AutoTokenizer.from_pretrained(**where, trust_remote_code=False)
        model = kind.AutoModelForCausalLM.from_pretrained(
            **where,
            trust_remote_code=False,
            quantization_config=kind.GgufConfig(dequantize=True),
            dtype=_kind_of_numbers(),
            attn_implementation=NAME,
        )
    except (OSError, ValueError, ImportError, KeyError) as error:
        raise EngineError(f"transformers does not load {path}: {error}", retryable=False) from error
    return Loaded(model.eval(), tokenizer, frozenset(_ends(model, tokenizer)))


def _kind_of_numbers() -> Any:
    """bfloat16 where the processor multiplies it; elsewhere it would be emulated."""
    able = torch().cpu.get_capabilities()
    fast = any(able.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))
    return torch().bfloat16 if fast else torch().float32


def _ends(model: Any, tokenizer: Any) -> Sequence[int]:
    found = [tokenizer.eos_token_id]
    for config in (model.config, model.generation_config):
        ends = config.eos_token_id
        found += ends if isinstance(ends, list) else [ends]
    special = tokenizer.get_added_vocab()
    found += [special.get(name) for name in ENDS]
    return [token for token in found if token is not None]
