"""Routing judged on every public sweep.

    python -m research public-sweeps --data ../shared/data [--seeds N]

`--seeds` is given again for each further seed (docs/evaluation.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from compute_router.decide.price import Price
from compute_router.difficulty import load
from compute_router.io.data_files import data_path
from compute_router.training.evaluation.blind import UNSEEING
from compute_router.training.evaluation.judge import PRICES
from research.public import routed
from research.public.records import public_sweeps

__all__ = ["judge_public"]


def judge_public(data: Path, seeds: Sequence[int] = (0,)) -> None:
    """Prints the table of every public sweep, and what was not judged.

    Args:
        data: folder with problems/ and sweeps/.
        seeds: each decides one split into folds; the figures are means over them.

    Raises:
        OSError: a file of `data` is missing.
        GradingError: no grading worker starts.
    """
    base = load(data_path(UNSEEING).parent)
    rows: list[routed.Line] = []
    notes: list[str] = []
    prices = [Price(value) for value in PRICES]
    for name, by_seed in routed.compare(public_sweeps(data), base, prices, seeds):
        rows += routed.lines(name, by_seed)
        notes += [
            f"{name}: not judged at {', '.join(f'{price.value:g}' for price in section.skipped)}, "
            "its costs were not counted"
            for section in by_seed[0]
            if section.skipped
        ]
    for line in (*routed.markdown(rows), "", *notes):
        print(line)
