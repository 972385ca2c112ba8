"""The torch engine with a real small model. Without torch there is nothing to collect."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

import pytest

from compute_router.weights import Weights, resolve

if TYPE_CHECKING:
    from compute_router.engines.torch.model import Loaded

try:
    for name in ("torch", "transformers", "accelerate", "gguf"):
        metadata.version(name)
except metadata.PackageNotFoundError:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def weights() -> Weights:
    return resolve("SmolLM2-135M-Instruct")


@pytest.fixture(scope="session")
def loaded(weights: Weights) -> Loaded:
    """In 32 bits on every processor: rounding is then too small to be taken for a mistake."""
    import torch

    from compute_router.engines.torch import model

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(model, "_kind_of_numbers", lambda: torch.float32)
        return model.load(weights.path)
