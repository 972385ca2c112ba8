"""What a PRM family is: problem and steps as token ids, where each step's score stands, how it is read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Family", "Head", "Layout", "Readout", "TokenPair", "Vocabulary"]


class Vocabulary(Protocol):
    """A tokenizer, as far as layouts need one."""

    def encode(self, text: str) -> list[int]:
        """Ids of plain text: what looks like a control token in it is text too."""
        ...

    def control(self, token: str) -> int:
        """The id of one control token. Raises InputError where the tokenizer has none of that name."""
        ...


@dataclass(frozen=True, slots=True)
class Layout:
    """`ids_T`: the whole input; `at_S`: for each step the position in it where its score is read.

    The layout of the first s steps, cut after `at_S[s - 1]`, is a prefix of the layout of all of them, so a
    server that has cached a path reads only its newest step.
    """

    ids_T: tuple[int, ...]
    at_S: tuple[int, ...]

    def until(self, step: int) -> tuple[int, ...]:
        """The ids up to and with the position of one step's score."""
        return self.ids_T[: self.at_S[step] + 1]


@dataclass(frozen=True, slots=True)
class TokenPair:
    """The score is a softmax over the logits of two tokens of the language model's head."""

    good: int
    bad: int

    def score(self, good: float, bad: float) -> float:
        """From two logits or two log-probabilities of one position."""
        return _sigmoid(good - bad)


@dataclass(frozen=True, slots=True)
class Head:
    """The score comes from a head of its own: of one label the sigmoid, of two the softmax of `good`."""

    labels: int
    good: int = 0

    def score(self, *logits: float) -> float:
        """From the head's `labels` logits at one position."""
        if len(logits) != self.labels:
            raise ValueError(f"{len(logits)} logits for {self.labels} labels")
        if self.labels == 1:
            return _sigmoid(logits[0])
        top = max(logits)
        return math.exp(logits[self.good] - top) / math.fsum(math.exp(x - top) for x in logits)


Readout = TokenPair | Head


class Family(Protocol):
    """One way of laying out and reading, bound to a model's tokenizer. Pure: no IO."""

    @property
    def readout(self) -> Readout: ...

    def layout(self, problem: str, steps: Sequence[str]) -> Layout:
        """One position for each of `steps`, whatever text stands in them."""
        ...


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
