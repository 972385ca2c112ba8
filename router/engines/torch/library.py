"""torch, imported when it is first needed: it takes seconds and is an extra."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from compute_router.errors import EngineError

__all__ = ["torch", "transformers"]


@cache
def torch() -> Any:
    """Raises EngineError where it is not installed."""
    return _imported("torch")


@cache
def transformers() -> Any:
    """Raises EngineError where it is not installed."""
    return _imported("transformers")


def _imported(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise EngineError(
            f"the torch engine needs {name}: pip install 'compute-router[torch]' ({error})", retryable=False
        ) from error
