"""Who a GGUF file says it is."""

from __future__ import annotations

from compute_router.engines.base import ModelInfo
from compute_router.errors import WeightsError
from compute_router.weights import Weights, read_header

__all__ = ["model_info"]


def model_info(weights: Weights, context: int) -> ModelInfo:
    """By its header alone. Raises WeightsError."""
    header = read_header(weights.path)
    if not header.has_chat_template:
        raise WeightsError(f"{weights.path} has no chat template: it is no model that follows instructions")
    return ModelInfo(
        name=weights.name,
        params=header.active_parameters,
        context=min(context, header.context_length or context),
        fingerprint=weights.fingerprint,
    )
