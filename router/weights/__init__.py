"""Finds the GGUF file of a policy model: a named file, the cache, its hub, or the pinned mirror."""

from compute_router.weights.gguf import GgufHeader, read_header
from compute_router.weights.progress import Progress
from compute_router.weights.resolve import (
    Availability,
    Weights,
    default_policy_model,
    inspect,
    resolve,
    size_of,
)

__all__ = [
    "Availability",
    "GgufHeader",
    "Progress",
    "Weights",
    "default_policy_model",
    "inspect",
    "read_header",
    "resolve",
    "size_of",
]
