"""The embedded PRM: calculations checked and derivations followed, weighed by a small trained model."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path as File

from compute_router.policies import Path
from compute_router.scoring.arithmetic import domain
from compute_router.scoring.base import Scored
from compute_router.scoring.embedded_file import FILE, read, shipped
from compute_router.scoring.linear import Weights

__all__ = ["EmbeddedPrm", "domain_of"]

_AT_ONCE = 32
"""Paths scored before other tasks of the event loop have their turn: a few milliseconds."""


class EmbeddedPrm:
    """Scores a step by the calibrated probability that the final answer will be right, given the problem and
    the steps up to it. Sees their text and log-probabilities (scoring.arithmetic.evidence), runs no
    model and costs no tokens.

    `weights`: a directory that `compute-router train-prm` wrote, or what is in one; the shipped ones without.
    Entering it, or the first score, reads them and raises ModelFileError where they are missing or damaged.
    """

    name = "arithmetic-checker"
    params = 0
    is_baseline = False

    def __init__(self, weights: File | Weights | None = None) -> None:
        self._source = weights
        self._read: Weights | None = None

    @property
    def fingerprint(self) -> str | None:
        """The hash of the weights' file, where they are one that is there, read already or not."""
        if isinstance(self._source, Weights):
            return None
        file = (self._source or shipped()) / FILE
        return sha256(file.read_bytes()).hexdigest() if file.is_file() else None

    async def __aenter__(self) -> EmbeddedPrm:
        self._weights()
        return self

    async def __aexit__(self, *exc: object) -> None:
        return None

    def price(self, problem: str, path: Path) -> int:
        return 0

    async def score(self, batch: Sequence[tuple[str, Path]]) -> Sequence[Scored]:
        weights = self._weights()
        scored = []
        for problem, path in batch:
            scored.append(Scored(weights.scores(problem, path.steps_S)))
            if len(scored) % _AT_ONCE == 0:
                await asyncio.sleep(0)
        return scored

    def _weights(self) -> Weights:
        if isinstance(self._source, Weights):
            return self._source
        if self._read is None:
            self._read = read(self._source or shipped())
        return self._read


def domain_of(prm: str | None, problem: str) -> str | None:
    """The problem's domain to the PRM of this name: a key of the table's rows. None where the PRM makes no
    difference between problems. Never raises."""
    return domain(problem) if prm == EmbeddedPrm.name else None
