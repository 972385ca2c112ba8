"""The embedded engine: llama.cpp inside this process, on CPU, no torch.

engine.py     the Engine protocol over one local model
server.py     starts and stops llama.cpp; the loopback address it listens on
siblings.py   samples that share a prefix become one request
stream.py     one streamed completion, read into pieces
"""

from compute_router.engines.embedded.engine import EmbeddedEngine

__all__ = ["EmbeddedEngine"]
