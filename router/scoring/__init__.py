"""Scoring steps: the PRM protocol, and what implements it, by name."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Final

from compute_router.errors import InputError
from compute_router.scoring.base import Scored, Scorer, checked
from compute_router.scoring.embedded import EmbeddedPrm
from compute_router.scoring.logprob import LogprobBaseline

__all__ = ["SCORERS", "EmbeddedPrm", "LogprobBaseline", "Scored", "Scorer", "checked", "make_scorer"]

SCORERS: Final = MappingProxyType[str, Callable[[], Scorer]](
    {LogprobBaseline.name: LogprobBaseline, EmbeddedPrm.name: EmbeddedPrm}
)


def make_scorer(name: str) -> Scorer:
    """The PRM called `name`. Raises InputError, naming what there is."""
    if name not in SCORERS:
        raise InputError(f"unknown PRM {name[:100]!r}; known: {', '.join(SCORERS)}")
    return SCORERS[name]()
