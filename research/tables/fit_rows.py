"""Fits the rows of a strategy table from sweeps; the paper's rule stays where nothing is measured.

    python -m research fit-rows SWEEP... [--data DIR] [--keep] --predictor DIR --price P --table FILE

Texts that a sweep was kept without come back from workload.py, by id. Difficulty is predicted
without the answers of the problem in question: the predictor is refitted without each of five folds. With
--keep, what FILE has measured and these sweeps have not stays.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from compute_router.decide.table import MeasuredRow, Table, load_table
from compute_router.difficulty import load
from compute_router.training.evaluation.blind import Blind
from compute_router.training.evaluation.folds import FOLDS
from compute_router.training.outcomes.build_matrix import build_matrices
from compute_router.training.sweep.sweep_file import read_sweep
from compute_router.training.tables.fit_table import PRICE, fit_table
from research.workloads.workload import problem_texts


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m research fit-rows", description=__doc__)
    parser.add_argument("sweeps", nargs="+", type=Path, metavar="SWEEP")
    parser.add_argument("--data", type=Path, help="folder with problems/, for sweeps without texts")
    parser.add_argument("--predictor", type=Path, default=Path("configs/difficulty"))
    parser.add_argument("--price", type=float, default=PRICE, help="accuracy that 1,000 tokens must be worth")
    parser.add_argument("--table", required=True, type=Path)
    parser.add_argument("--keep", action="store_true", help="the table's other measured rows stay")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    sweeps = [read_sweep(path) for path in options.sweeps]
    if options.data:
        texts = problem_texts(options.data)
        sweeps = [
            replace(
                sweep,
                records=[
                    replace(record, problem=record.problem or texts.get(record.problem_id))
                    for record in sweep.records
                ],
            )
            for sweep in sweeps
        ]
    found = build_matrices(sweeps)
    base = load(options.predictor)
    blind = Blind(found, lambda out: base, count=FOLDS, seed=options.seed)
    bins = [blind.bins(at, range(FOLDS)) for at in range(len(found))]
    table = fit_table(found, bins, seed=options.seed, source=_command(options), price=options.price)
    if options.keep:
        table = _beside(load_table(options.table), table)
    options.table.write_text(table.model_dump_json(indent=1) + "\n", "utf-8")
    for row in table.rows:
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
    return Table(schema_version=2, price=new.price, price_unit=new.price_unit, rows=(*measured, *rules))


def _command(options: argparse.Namespace) -> str:
    *sweeps, predictor, table = (
        path.name if path.is_absolute() else str(path)
        for path in (*options.sweeps, options.predictor, options.table)
    )
    data = " --data ../shared/data" if options.data else ""
    keep = " --keep" if options.keep else ""
    return (
        f"python -m research fit-rows {' '.join(sweeps)}{data} --predictor {predictor}{keep} "
        f"--price {options.price:g} --seed {options.seed} --table {table}"
    )


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


if __name__ == "__main__":
    main()
