"""What kind of problem one is to a PRM: where its judgement is of another worth, so is a search by it."""

from __future__ import annotations

from compute_router.scoring.arithmetic import domain
from compute_router.scoring.embedded import EmbeddedPrm

__all__ = ["domain_of"]


def domain_of(prm: str | None, problem: str) -> str | None:
    """The problem's domain to the PRM of this name: a key of the table's rows. None where the PRM makes no
    difference between problems. Never raises."""
    return domain(problem) if prm == EmbeddedPrm.name else None
