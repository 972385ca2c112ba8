"""The embedded engine: llama.cpp inside this process, on CPU, no torch."""

from compute_router.engines.embedded.engine import EmbeddedEngine

__all__ = ["EmbeddedEngine"]
