"""Attention over rows: query heads that share a key head are read as so many queries of it."""

from __future__ import annotations

from typing import Any

from compute_router.engines.torch.library import torch

__all__ = ["NAME", "attend"]

NAME = "compute_router_rows"
"""What transformers knows `attend` by."""


def attend(
    _module: Any,
    query: Any,
    key: Any,
    value: Any,
    attention_mask: Any,
    scaling: float | None = None,
    **_: Any,
) -> tuple[Any, None]:
    """The attention function of transformers' AttentionInterface.

    query (B, H, T, D); key, value (B, K, S, D), K dividing H; attention_mask (B, 1, T, S), added. Returns
    (B, T, H, D). Keys are never repeated for their query heads (arXiv 2305.13245): for one new token a row,
    that copy would cost more than the rest of the layer.
    """
    batch, heads, tokens, width = query.shape
    shared = key.shape[1]
    grouped = query.reshape(batch, shared, heads // shared * tokens, width)
    mask = attention_mask if tokens == 1 else attention_mask.repeat(1, 1, heads // shared, 1)
    attention = torch().nn.functional.scaled_dot_product_attention
    found = attention(grouped, key, value, attn_mask=mask, scale=scaling)
    return found.reshape(batch, heads, tokens, width).transpose(1, 2).contiguous(), None
