"""SGLang's classes of Qwen2 with a head, able to load their weights.

In SGLang 0.5.10 (not in 0.5.23) both use the loader of Qwen2ForCausalLM, which asks for a `pp_group` that
only that class has, to know whether tied embeddings are wanted for an lm_head. Neither class has an lm_head.
"""

from importlib import import_module
from types import SimpleNamespace
from typing import Any

__all__ = ["EntryClass"]


def _able(module: str, name: str) -> Any:
    base = getattr(import_module(f"sglang.srt.models.{module}"), name)
    return type(name, (base,), {"pp_group": SimpleNamespace(is_last_rank=True)})


EntryClass = [
    _able("qwen2_rm", "Qwen2ForRewardModel"),
    _able("qwen2_classification", "Qwen2ForSequenceClassification"),
]
