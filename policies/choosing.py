"""How one answer is chosen from the solutions that are there."""

from __future__ import annotations

from dataclasses import dataclass

from .aggregate import AGGREGATES
from .select import SELECTS
from .spec import one_of

__all__ = ["Choosing"]


@dataclass(frozen=True, slots=True)
class Choosing:
    """How one answer is chosen (arXiv 2502.06703, section 3.1).

    Args:
        select: `max` takes the path with the highest value, `vote` the most frequent answer, `weighted` the
            answer whose paths' values have the highest sum.
        aggregate: how the scores of a path's steps become its value: `last`, `min`, `mean` or `product`.

    Raises:
        SpecError: a word is not known.

    >>> Choosing("weighted").aggregate
    'last'
    """

    select: str = "max"
    aggregate: str = "last"

    def __post_init__(self) -> None:
        one_of("select", self.select, SELECTS)
        one_of("aggregate", self.aggregate, tuple(AGGREGATES))
