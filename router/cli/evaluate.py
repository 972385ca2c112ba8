"""`compute-router evaluate`."""

from __future__ import annotations

import sys
from pathlib import Path

import orjson
from rich.console import Console
from rich.text import Text

from compute_router.cli.exits import DONE
from compute_router.decide.price import Price
from compute_router.io.data_files import data_path
from compute_router.io.display import plain

__all__ = ["evaluate"]


def evaluate(
    sweep: Path,
    table: Path,
    *,
    price: float | None,
    base: Path | None,
    plot: Path | None,
    seed: int,
    as_json: bool,
    trust: bool,
) -> int:
    """Judge routing on a sweep and return the exit code. Raises RouterError, ModelFileError."""
    from compute_router.training.evaluation.json_report import document
    from compute_router.training.evaluation.judge import PRICES
    from compute_router.training.evaluation.judge_sweep import evaluate as judge
    from compute_router.training.evaluation.plot import plot as draw
    from compute_router.training.evaluation.text_report import show

    sections = judge(
        sweep,
        table,
        prices=[Price(value) for value in (PRICES if price is None else (price,))],
        # The predictor that has seen no outcome: the other one may have seen those that are judged.
        base=base or data_path("difficulty-base/manifest.json").parent,
        seed=seed,
        trust=trust,
    )
    pictures = draw(sections, plot) if plot is not None else []
    if as_json:
        sys.stdout.write(orjson.dumps(document(sections), option=orjson.OPT_INDENT_2).decode() + "\n")
        sys.stdout.flush()
        return DONE
    console = Console(highlight=False, emoji=False, soft_wrap=True)
    show(sections, console)
    for picture in pictures:
        console.print(Text(plain(f"wrote {picture}")))
    return DONE
