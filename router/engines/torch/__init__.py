"""The policy model by transformers and torch, in this process, on the CPU: many paths as one batch.

On a processor that multiplies bfloat16 (AVX512_BF16, AMX) some ninety paths side by side are written several
times as fast as by llama.cpp's wheel (docs/torch.md has figures); on others the embedded engine is the better
one. On a GPU use SGLang.
"""

from compute_router.engines.torch.engine import TorchEngine

__all__ = ["TorchEngine"]
