"""Every error the request path raises, typed by the boundary that was crossed.

    RouterError
    ├── InputError      what the user gave: a file, a row, a flag
    ├── WeightsError    no source had the model file, or its hash is wrong
    ├── TableError      the strategy table is missing or breaks its schema
    ├── RunError        the run directory: changed config, second writer
    ├── EngineError     the policy model's engine; `retryable` says whether another try may help
    │   └── ContextOverflow   the prompt and the path no longer fit: ends that path only
    ├── ScorerError     the PRM: too few scores, NaN, outside [0, 1], or gone
    └── GradingError    the grading workers could not be started

`policies.SpecError` (a strategy that does not parse) and `difficulty.ModelFileError` (a predictor
file that cannot be trusted) belong to their own packages and stand outside this tree.
"""

from __future__ import annotations

__all__ = [
    "ContextOverflow",
    "EngineError",
    "GradingError",
    "InputError",
    "RouterError",
    "RunError",
    "ScorerError",
    "TableError",
    "WeightsError",
]


class RouterError(Exception):
    """Base of all errors of the request path. The message is one sentence for a person."""


class InputError(RouterError):
    """The user's file, row or flag cannot be used."""


class WeightsError(RouterError):
    """No source had the weights, or what it had was not the pinned file."""


class TableError(RouterError):
    """The strategy table is missing, breaks its schema or names an unknown strategy."""


class RunError(RouterError):
    """The run directory cannot be continued or written."""


class EngineError(RouterError):
    """The engine failed. `retryable` is true where the same request may succeed later."""

    def __init__(self, message: str, *, retryable: bool = True) -> None:
        super().__init__(message)
        self.retryable = retryable


class ContextOverflow(EngineError):
    """Prompt and path together exceed the engine's context; never retried."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=False)


class ScorerError(RouterError):
    """The PRM gave no usable scores."""


class GradingError(RouterError):
    """The grading workers could not be started."""
