"""From a problem's text to its difficulty b: a linear model over terms and shape."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from difficulty.features import Features, extract

__all__ = ["Estimate", "TextModel", "term_weight"]


def term_weight(count: int, idf: float) -> float:
    """TF-IDF with damped counts, before the text is normed to length 1."""
    return (1 + math.log(count)) * idf


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

    def estimate(self, text: str) -> Estimate:
        """Total: every string has an estimate. See `features.MAX_CHARS` for what is read of a long one."""
        features = extract(text)
        known = self.familiarity(features)
        b = self.centre + known * (self.raw(features) - self.centre)
        return Estimate(b, math.sqrt(known * self.residual**2 + (1 - known) * self.spread**2))

    def raw(self, features: Features) -> float:
        """The linear model itself."""
        dot = squares = 0.0
        for term, count in features.terms.items():
            if (entry := self.terms.get(term)) is not None:
                weight = term_weight(count, entry[0])
                dot += weight * entry[1]
                squares += weight * weight
        shape = sum(
            weight * min(max(value, low), high)
            for value, (low, high, weight) in zip(features.shape, self.shape, strict=True)
        )
        return self.intercept + shape + (dot / math.sqrt(squares) if squares else 0.0)

    def familiarity(self, features: Features) -> float:
        """Share in [0, 1] of the words, counted as often as they occur, that are in the vocabulary."""
        words = known = 0
        for term, count in features.terms.items():
            if " " not in term:
                words += count
                known += count * (term in self.terms)
        return known / words if words else 0.0
