"""What one iteration of a server takes: the greater of its memory and its compute time, and an overhead.

Published figures, per H100 SXM: 3.35 TB/s of HBM3, 989 TFLOPS of dense bf16, 80 GB (NVIDIA's H100 data
sheet). Nothing here was fitted to a result of this benchmark.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["H100", "POLICY", "PRM", "Card", "Limits", "Model", "Pace", "batch_limit", "pool_tokens"]


@dataclass(frozen=True, slots=True)
class Card:
    """A GPU. `bandwidth` in bytes/s and `flops` in FLOP/s are what kernels reach, `memory` is in bytes."""

    name: str
    bandwidth: float
    flops: float
    memory: float


# Assumed to be reached: 90 % of the bandwidth (STREAM-like kernels) and 60 % of the dense bf16 peak (large
# matrix products under the power limit; FlashAttention-3, arXiv 2407.08608, reports 75 % for attention).
H100 = Card("H100 SXM", bandwidth=0.90 * 3.35e12, flops=0.60 * 989e12, memory=80e9)


@dataclass(frozen=True, slots=True)
class Model:
    """A decoder in bf16. `kv_bytes` a token = 2 (K, V) x layers x KV heads x head size x 2 bytes."""

    name: str
    params: float
    kv_bytes: int

    @property
    def weight_bytes(self) -> float:
        return 2 * self.params


# From the models' config.json: 28 layers, 8 KV heads of 128; and 32 layers, 8 KV heads of 128.
POLICY = Model("Llama-3.2-3B", 3.21e9, 2 * 28 * 8 * 128 * 2)
PRM = Model("Llama-3.1-8B (PRM)", 8.03e9, 2 * 32 * 8 * 128 * 2)


@dataclass(frozen=True, slots=True)
class Limits:
    """A server's limits. `chunk` prefill tokens an iteration (SGLang's chunked_prefill_size), `running`
    sequences at most (its floor for max_running_requests on such a pool), `memory_share` of the card for
    weights and KV (its mem_fraction_static on one H100), `overhead_s` an iteration for launching,
    sampling and scheduling. The last is an assumption: decoding an 8B model at batch 1 on an H100 takes
    about a millisecond more than reading its weights."""

    chunk: int = 8192
    running: int = 2048
    memory_share: float = 0.88
    overhead_s: float = 1e-3


def pool_tokens(card: Card, model: Model, limits: Limits) -> int:
    """Tokens whose keys and values fit beside the weights."""
    return int((card.memory * limits.memory_share - model.weight_bytes) / model.kv_bytes)


def batch_limit(pool: int, limits: Limits, mean_context: float) -> float:
    """Sequences that can decode side by side at `mean_context` tokens each, nothing shared."""
    return min(float(limits.running), pool / mean_context)


@dataclass(frozen=True, slots=True)
class Pace:
    """Times of `model` on `card`, in seconds."""

    card: Card
    model: Model
    overhead_s: float

    def iteration(self, decoding: int, kv_tokens: int, prefill: int = 0) -> float:
        """One iteration: `decoding` sequences write one token each, `prefill` tokens are read in,
        `kv_tokens` keys and values are read back."""
        memory = (self.model.weight_bytes + self.model.kv_bytes * kv_tokens) / self.card.bandwidth
        compute = 2 * self.model.params * (decoding + prefill) / self.card.flops
        return max(memory, compute) + self.overhead_s

    def decode(self, decoding: int, kv_tokens: int, iterations: int) -> float:
        """`iterations` in a row with the same sequences, each of which grows by a token an iteration."""
        base = (self.model.weight_bytes + self.model.kv_bytes * kv_tokens) / self.card.bandwidth
        slope = self.model.kv_bytes * decoding / self.card.bandwidth
        compute = 2 * self.model.params * decoding / self.card.flops
        bound = 0  # iterations that compute bounds, before the growing memory time overtakes it
        if slope > 0 and compute > base:
            bound = min(iterations, int((compute - base) / slope) + 1)
        rest = iterations - bound
        memory = rest * base + slope * (bound + iterations - 1) * rest / 2
        return bound * compute + memory + iterations * self.overhead_s
