"""Products of generating functions: the coefficient of x^j counts the subsets of j samples."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["times"]


def times(product: npt.NDArray[np.float64], factor: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Polynomials multiplied along the last axis, the others broadcast; cut at the degree of the first."""
    degrees = product.shape[-1]
    result: npt.NDArray[np.float64] = product * factor[..., :1]
    for j in range(1, min(factor.shape[-1], degrees)):
        result[..., j:] += product[..., : degrees - j] * factor[..., j : j + 1]
    return result
