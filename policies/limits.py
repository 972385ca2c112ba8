"""How long a path may grow."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """The paper's settings (arXiv 2502.06703, section 4.1): tokens a step, tokens a path, steps a path,
    sampling temperature (greedy decoding always uses 0)."""

    step_tokens: int = 2048
    path_tokens: int = 8192
    steps: int = 40
    temperature: float = 0.7
