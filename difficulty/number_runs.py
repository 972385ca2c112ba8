"""The longest run `number operator number ...` of each text: what a bare sum consists of."""

from __future__ import annotations

import math
import re

import numpy as np

from compute_router.difficulty.block import Block, Floats, Mask
from compute_router.difficulty.kinds import NUMBERS, Kind, mask

__all__ = ["EXPRESSION", "expressions"]

EXPRESSION = (
    "expression",
    "expression_terms",
    "expression_log_terms",
    "expression_digits",
    "expression_work",
    "expression_products",
    "expression_minuses",
)
"""Names of the columns of `expressions`."""

_PRODUCTS = bytes((Kind.PRODUCT, Kind.PRODUCT_COMMAND))
_LINKS = _PRODUCTS + bytes((Kind.PLUS, Kind.MINUS))
# In place of tokens the regular expression reads their kinds, one byte each.
_RUN = re.compile(rb"[%b](?:[%b][%b])+" % (bytes(NUMBERS), _LINKS, bytes(NUMBERS)))
_BRACKETS = mask(Kind.OPENING, Kind.CLOSING)


def expressions(block: Block, among_B: Mask) -> Floats:
    """(B, 7), zero for texts without a run and for those not `among_B`. Brackets do not break a run; of
    equally long ones the first counts."""
    found = np.zeros((len(block), len(EXPRESSION)))
    if not among_B.any():
        return found
    read_T = among_B[block.row_T] & ~_BRACKETS[block.kind_T]
    kinds = block.kind_T[read_T].astype(np.uint8).tobytes()
    rows, sizes = block.row_T[read_T].tolist(), block.size_T[read_T].tolist()
    longest: dict[int, range] = {}
    for match in _RUN.finditer(kinds):
        run = range(*match.span())
        if len(run) > len(longest.get(rows[run.start], ())):
            longest[rows[run.start]] = run
    for row, run in longest.items():
        digits, links = sizes[run.start : run.stop : 2], kinds[run.start + 1 : run.stop : 2]
        n, work = len(digits), sum(digits)
        products = sum(map(links.count, _PRODUCTS))
        found[row] = (1, n, math.log(n), work / n, math.log1p(work), products, links.count(Kind.MINUS))
    return found
