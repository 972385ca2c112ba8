"""A table with only the arms that may be chosen, for shipping.

    python -m research trim-table FULL --out TABLE

An arm stays if some distribution over the bins chooses it: at some price, under some budget of the problem,
under some average budget, or under both budgets. The distributions are a grid on the simplex; prices and
budgets are all, not samples of them (choosable.py). FULL.trimmed.json, beside FULL, says what was kept, and
for each arm a case that chooses it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

from compute_router.decide.table import MeasuredRow, RuleRow, Table, dump_table, load_table
from compute_router.errors import InputError
from compute_router.io.compact_json import compact_json
from research.tables.choosable import Choosable, choosable, simplex

__all__ = ["STEPS", "trim_table", "trimmed", "trimmed_row"]

STEPS: Final = 200
"""Of an edge of the grid: 20,301 distributions."""


def trimmed(table: Table, command: str, steps: int = STEPS) -> tuple[Table, dict[str, Any]]:
    """The table with only the arms that may be chosen.

    Args:
        table: a table with all its arms.
        command: what the rows are to name after the command that fitted them.
        steps: of an edge of the grid of distributions, 1 or more.

    Returns:
        The trimmed table, and what was found: the number of distributions, and for each measured row how many
        arms were chosen by each use of the table, and for each arm a case.
    """
    bins_B3 = simplex(steps)
    rows: list[MeasuredRow | RuleRow] = []
    told = []
    for row in table.rows:
        if isinstance(row, MeasuredRow):
            found = choosable(row, bins_B3)
            told.append(_told(row, found))
            row = trimmed_row(row, found, command)
        rows.append(row)
    return table.model_copy(update={"rows": tuple(rows)}), {"distributions": len(bins_B3), "rows": told}


def trimmed_row(row: MeasuredRow, found: Choosable, command: str) -> MeasuredRow:
    """The row with its incumbents, the arms in `found`, and of each incumbent the gains in `found`."""
    pairs = {pair for cases in found.values() for pair in cases}
    specs = [arm.spec for arm in row.arms]
    kept = sorted({arm for _, arm in pairs} | {specs.index(one.spec) for one in row.incumbents})
    incumbents = []
    for one in row.incumbents:
        base = specs.index(one.spec)
        gains = [gain._replace(arm=kept.index(gain.arm)) for gain in one.gains if (base, gain.arm) in pairs]
        incumbents.append(one.model_copy(update={"gains": tuple(gains)}))
    new = {
        "source": f"{row.source} && {command}",
        "arms": tuple(row.arms[arm] for arm in kept),
        "incumbents": tuple(incumbents),
        "arms_measured": len(row.arms),
    }
    return MeasuredRow.model_validate(dict(row) | new)


def _told(row: MeasuredRow, found: Choosable) -> dict[str, Any]:
    specs = [arm.spec for arm in row.arms]
    cases: dict[int, dict[str, Any]] = {}
    for use, pairs in found.items():
        for (incumbent, arm), case in pairs.items():
            how = {"arm": specs[arm], "use": use, "over": specs[incumbent], **case.told()}
            cases.setdefault(arm, how)
    return {
        "id": row.id,
        "arms": len(specs),
        "chosen": {use: len({arm for _, arm in pairs}) for use, pairs in found.items()},
        "kept": [cases[arm] for arm in sorted(cases)],
    }


def trim_table(full: Path, out: Path) -> None:
    """Writes the trimmed table, what was found beside the full one, and prints it.

    Args:
        full: a table with all its arms.
        out: the file of the trimmed one.

    Raises:
        TableError: the full table cannot be read.
        InputError: it was trimmed before.
    """
    command = f"python -m research trim-table {full} --out {out}"
    whole = load_table(full)
    if any(isinstance(row, MeasuredRow) and row.arms_measured is not None for row in whole.rows):
        raise InputError(f"{full} was trimmed before: give the full table")
    table, told = trimmed(whole, command)
    text = dump_table(table)
    out.write_text(text, "utf-8")
    manifest = {
        "command": command,
        "full": hashlib.sha256(full.read_bytes()).hexdigest(),
        "trimmed": hashlib.sha256(text.encode()).hexdigest(),
        **told,
    }
    full.with_suffix(".trimmed.json").write_text(compact_json(manifest), "utf-8")
    for one in told["rows"]:
        print(f"{one['id']}: {len(one['kept'])} of {one['arms']} arms; chosen {one['chosen']}")
    print(f"{out}: {len(text.encode()):,} bytes")
