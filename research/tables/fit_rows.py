"""Fits the rows of a strategy table from sweeps. The paper's rule stays where nothing is measured.

    python -m research fit-rows SWEEP... [--data DIR] [--keep] --predictor DIR --price P --table FILE

Sweeps are kept without the texts of other people's problems: `--data` gives them back by id. A problem's
difficulty is predicted without its own answers: the predictor is refitted without each of five folds. With
`--keep`, measured rows of FILE that these sweeps do not measure stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from compute_router.decide.table import MeasuredRow, Table, dump_table, load_table
from compute_router.difficulty import load
from compute_router.training.evaluation.blind import Blind
from compute_router.training.evaluation.folds import FOLDS
from compute_router.training.outcomes.build_matrix import build_matrices
from compute_router.training.sweep.sweep_file import read_sweep
from compute_router.training.tables.fit_table import PRICE, fit_table
from research.workloads.workload import problem_texts

__all__ = ["fit_rows"]


def fit_rows(
    sweeps: Sequence[Path],
    table: Path,
    *,
    data: Path | None = None,
    predictor: Path,
    price: float | None = None,
    keep: bool = False,
    seed: int = 0,
) -> None:
    """Fits the rows, writes them to the file `table` and prints those that are measured.

    Args:
        sweeps: sweep files.
        table: the file of the table; with `keep` it must be there.
        data: folder with problems/, for sweeps without texts.
        predictor: directory of the predictor that the folds start from.
        price: accuracy that 1,000 tokens must be worth; PRICE without.
        keep: whether the table's other measured rows stay.
        seed: decides folds and resamples.

    Raises:
        RecordError: a sweep cannot be read.
        TableError: with `keep`, the table cannot be read.
        ModelFileError: the predictor cannot be read.
    """
    price = PRICE if price is None else price
    texts = problem_texts(data) if data else {}
    read = [
        replace(
            sweep,
            records=[replace(one, problem=one.problem or texts.get(one.problem_id)) for one in sweep.records],
        )
        for sweep in map(read_sweep, sweeps)
    ]
    found = build_matrices(read)
    base = load(predictor)
    blind = Blind(found, lambda out: base, count=FOLDS, seed=seed)
    bins = [blind.bins(at, range(FOLDS)) for at in range(len(found))]
    *named, of, to = (path.name if path.is_absolute() else str(path) for path in (*sweeps, predictor, table))
    source = (
        f"python -m research fit-rows {' '.join(named)}{' --data ../shared/data' if data else ''} "
        f"--predictor {of}{' --keep' if keep else ''} --price {price:g} --seed {seed} --table {to}"
    )
    fitted = fit_table(found, bins, seed=seed, source=source, price=price)
    if keep:
        fitted = _beside(load_table(table), fitted)
    table.write_text(dump_table(fitted), "utf-8")
    for row in fitted.rows:
        if isinstance(row, MeasuredRow):
            print("\n".join(_shown(row)))


def _beside(old: Table, new: Table) -> Table:
    """The new table with the measured rows of the old one that it has nothing in place of."""
    measured = [row for row in new.rows if isinstance(row, MeasuredRow)]
    keys = {row.key for row in measured}
    for row in (*old.rows, *new.rows):
        if isinstance(row, MeasuredRow) and row.key not in keys:
            measured.append(row)
            keys.add(row.key)
    rules = [row for row in new.rows if row.key not in keys]
    return Table(schema_version=3, price=new.price, price_unit=new.price_unit, rows=(*measured, *rules))


def _shown(row: MeasuredRow) -> list[str]:
    lines = [f"{row.id}: {row.problems:g} problems"]
    for arm in row.arms:
        cells = (
            f"{cell.accuracy:.2f} [{cell.interval[0]:.2f}, {cell.interval[1]:.2f}]"
            + ("" if cell.tokens is None else f" {cell.tokens + (cell.prm_tokens or 0):.0f}")
            for cell in (arm.easy, arm.medium, arm.hard)
        )
        lines.append(f"  {arm.spec:<50} {' | '.join(cells)}")
    for one in row.frontier:
        tokens = "" if one.tokens is None else f", {one.tokens:.0f} tokens"
        low, high = one.over_fixed_interval
        lines.append(
            f"  from a price of {one.price_from:g}: accuracy {one.accuracy:.3f}{tokens}, utility over the "
            f"best fixed arm {one.over_fixed:+.4f} [{low:+.4f}, {high:+.4f}]"
        )
    return lines
