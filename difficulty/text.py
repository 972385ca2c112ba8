"""From a problem's text to its difficulty b: a linear model over terms and shape."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compute_router.difficulty.reader import Reader

__all__ = ["Estimate", "TextModel"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """Difficulty of a problem in logits: N(b, sd^2)."""

    b: float
    sd: float


@dataclass(frozen=True, slots=True)
class TextModel:
    """b = centre + familiarity * (terms . weights + shape . weights + intercept - centre).

    `terms` maps a term to (idf, weight); `shape` holds (low, high, weight) for each shape feature, which
    is clipped to the range that the fit has seen. Familiarity is the share of the text's words that
    the vocabulary knows: of a text that shares no word with the data nothing is claimed beyond the
    spread of all problems, N(centre, spread^2). `residual` is the sd of b for familiar texts.
    """

    terms: Mapping[str, tuple[float, float]]
    shape: Sequence[tuple[float, float, float]]
    intercept: float
    centre: float
    residual: float
    spread: float
    _reader: Reader = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        from compute_router.difficulty.reader import (
            Reader,  # numpy comes with the first model, not with the package
        )

        object.__setattr__(self, "_reader", Reader(self.terms, self.shape))

    def estimate(self, text: str) -> Estimate:
        """Total: every string has an estimate. See `tokens.MAX_CHARS` for what is read of a long one."""
        return self.estimates([text])[0]

    def estimates(self, texts: Iterable[str]) -> list[Estimate]:
        """One a text, in order, each the same as alone."""
        near, far = self.residual**2, self.spread**2
        return [Estimate(b, math.sqrt(known * near + (1 - known) * far)) for b, known in self.place(texts)]

    def place(self, texts: Iterable[str]) -> list[tuple[float, float]]:
        """b and familiarity of each text, in order."""
        return [
            (self.centre + known * (self.intercept + raw - self.centre), known)
            for raw, known in self._reader.read(texts)
        ]
