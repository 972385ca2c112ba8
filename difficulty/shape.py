"""The shape of a text: 26 numbers that say how long, how formal and how large it is."""

from __future__ import annotations

import math

import numpy as np

from compute_router.difficulty.block import Block, Floats, Ints
from compute_router.difficulty.kinds import COMMANDS, NUMBERS, WORDS, Kind, mask
from compute_router.difficulty.number_runs import EXPRESSION, expressions
from compute_router.difficulty.tokens import MAX_CHARS

__all__ = ["SHAPE", "shapes"]

SHAPE = (
    "log_chars",
    "log_words",
    "log_mean_word",
    "log_sentences",
    "questions",
    "log_numbers",
    "max_digits",
    "mean_digits",
    "decimals",
    "percents",
    "currency",
    "log_commands",
    "log_distinct_commands",
    "log_variables",
    "log_operators",
    "equations",
    "powers",
    "nesting",
    *EXPRESSION,
    "empty",
)
"""Names of the shape features, in the order of the columns of `shapes`."""

_OPERATORS = (
    *(Kind.PLUS, Kind.MINUS, Kind.PRODUCT, Kind.PRODUCT_COMMAND),
    *(Kind.EQUALS, Kind.POWER, Kind.COMPARISON, Kind.OPERATOR_COMMAND),
)
_COUNTED = (
    WORDS,
    (Kind.POINT, Kind.QUESTION, Kind.EXCLAMATION),
    (Kind.QUESTION,),
    NUMBERS,
    (Kind.DECIMAL,),
    (Kind.PERCENT, Kind.PERCENT_WORD),
    (Kind.DOLLAR,),
    COMMANDS,
    (Kind.VARIABLE,),
    _OPERATORS,
    (Kind.EQUALS,),
    (Kind.POWER,),
)
_SUMS = np.stack([mask(*kinds) for kinds in _COUNTED], axis=1).astype(np.int64)

_WORDS, _NUMBERS, _COMMANDS = mask(*WORDS), mask(*NUMBERS), mask(*COMMANDS)
_STEPS = mask(Kind.OPENING).astype(np.int64) - mask(Kind.CLOSING)
_MAX_NESTING = 9
_EXPRESSION_WORDS = 12
"""A text with more words than this is about more than evaluating one expression."""

_LOG1P = np.array([math.log1p(n) for n in range(MAX_CHARS + 1)])
"""No count is larger: what is read of a text has no more tokens than this."""


def shapes(block: Block) -> Floats:
    """(B, 26), a column for each name in `SHAPE`."""
    size, kinds = len(block), len(_SUMS)
    counts = np.bincount(block.row_T * kinds + block.kind_T, minlength=size * kinds)
    sums = (counts.reshape(size, kinds) @ _SUMS).T
    words, sentences, questions, numbers, decimals, percents, dollars = sums[:7]
    commands, variables, operators, equations, powers = sums[7:]
    letters = np.bincount(block.row_T, block.size_T * _WORDS[block.kind_T], size)
    digits, most_digits = _digits(block)
    columns = (
        _LOG1P[np.minimum(block.chars_B, MAX_CHARS)],
        _LOG1P[words],
        # numpy's own logarithm may depend on a number's place in the array
        [math.log1p(mean) for mean in (letters / np.maximum(words, 1)).tolist()],
        _LOG1P[sentences],
        questions,
        _LOG1P[numbers],
        most_digits,
        digits / np.maximum(numbers, 1),
        decimals,
        percents,
        (dollars > 0) & (commands == 0),
        _LOG1P[commands],
        _LOG1P[_distinct_commands(block)] if commands.any() else commands,
        _LOG1P[variables],
        _LOG1P[operators],
        equations,
        powers,
        _nesting(block),
        # The rest of the shape describes prose; these seven describe a bare sum, and are zero in prose.
        *expressions(block, (numbers > 1) & (words <= _EXPRESSION_WORDS)).T,
        block.tokens_B == 0,
    )
    return np.array(columns, dtype=np.float64).T


def _digits(block: Block) -> tuple[Floats, Ints]:
    """(B,) and (B,): the digits of all numbers, and those of the longest."""
    numbers = _NUMBERS[block.kind_T].nonzero()[0]
    rows, sizes = block.row_T[numbers], block.size_T[numbers]
    most = np.zeros(len(block), dtype=np.int64)
    np.maximum.at(most, rows, sizes)
    return np.bincount(rows, sizes, len(block)).astype(np.float64), most


def _distinct_commands(block: Block) -> Ints:
    """(B,)"""
    commands = _COMMANDS[block.kind_T].nonzero()[0]
    distinct = np.unique(block.size_T[commands] * len(block) + block.row_T[commands])
    return np.bincount(distinct % len(block), minlength=len(block))


def _nesting(block: Block) -> Ints:
    """(B,): how deep brackets of any kind lie in brackets; one that closes nothing is passed over."""
    deepest = np.zeros(len(block), dtype=np.int64)
    step_T = _STEPS[block.kind_T]
    brackets = step_T.nonzero()[0]
    if len(brackets):
        rows, steps = block.row_T[brackets], step_T[brackets]
        total = steps.cumsum()
        total -= (total - steps)[rows.searchsorted(rows)]  # less what the texts before have left open
        # Depth is the total above its lowest value so far, or above 0. The running minimum starts anew in
        # each text, since each lies so far below the one before it.
        apart = rows * (2 * len(rows))
        lowest = np.minimum.accumulate(total - apart) + apart
        np.maximum.at(deepest, rows, total - np.minimum(lowest, 0))
    return np.minimum(deepest, _MAX_NESTING)
