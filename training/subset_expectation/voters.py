"""The samples of one row that may decide its answer, as arrays; and binomials to count their subsets with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import comb

__all__ = ["BINOMIAL", "BINOMIAL_BEFORE", "MOST", "Voters", "present", "spellings", "times"]

MOST: Final = 64
"""Samples a row may have for a count over all its subsets."""

_AT = np.arange(MOST + 1)
BINOMIAL: Final[npt.NDArray[np.float64]] = comb(_AT[:, None], _AT[None, :])
"""(MOST + 1, MOST + 1): row a holds C(a, 0), C(a, 1), ..."""

BINOMIAL_BEFORE: Final = np.pad(BINOMIAL, ((0, 0), (1, 0)))[:, :-1]
"""Row a holds 0, C(a, 0), C(a, 1), ..."""


class Voters(NamedTuple):
    """V samples. `spelling` ranks their answers as texts; equal ranks are equal texts, of equal
    correctness. `value` is 0 where none is looked at, `logprob` -inf where none is known."""

    group: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    logprob: npt.NDArray[np.float64]
    spelling: npt.NDArray[np.int64]
    right: npt.NDArray[np.bool_]

    def some(self, which: npt.NDArray[np.bool_ | np.intp]) -> Voters:
        return Voters(
            self.group[which],
            self.value[which],
            self.logprob[which],
            self.spelling[which],
            self.right[which],
        )

    def flipped(self) -> Voters:
        """Right and wrong exchanged."""
        return self._replace(right=~self.right)


def spellings(answers: Sequence[str | None]) -> npt.NDArray[np.int64]:
    """The rank of every answer among the distinct texts."""
    rank = {text: i for i, text in enumerate(sorted({answer or "" for answer in answers}))}
    return np.array([rank[answer or ""] for answer in answers], dtype=np.int64)


def present(voters: int, pool: int) -> npt.NDArray[np.float64]:
    """The number of subsets of each size of `pool` samples that hold at least one of `voters` of them."""
    subsets: npt.NDArray[np.float64] = BINOMIAL[pool] - BINOMIAL[pool - voters]
    return subsets


def times(product: npt.NDArray[np.float64], factor: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Polynomials multiplied along the last axis, the others broadcast; cut at the degree of the first.
    In generating functions the coefficient of x^j counts the subsets of j samples."""
    degrees = product.shape[-1]
    result: npt.NDArray[np.float64] = product * factor[..., :1]
    for j in range(1, min(factor.shape[-1], degrees)):
        result[..., j:] += product[..., : degrees - j] * factor[..., j : j + 1]
    return result
