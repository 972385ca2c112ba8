"""The JSON schemas that ship in configs/, made from the types in the code.

    python -m research schemas [--out DIR]

A schema that is to ship is one more line of SCHEMAS.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from compute_router.decide.table import Table
from compute_router.io.result_row import result_schema
from compute_router.training.sweep import record

__all__ = ["SCHEMAS", "write_schemas"]

SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {
    "result.schema.json": result_schema,
    "sweep.schema.json": record.schema,
    "table.schema.json": Table.model_json_schema,
}
"""By file."""


def write_schemas(out: Path) -> None:
    """Writes every schema into the directory `out`, and prints which. Raises OSError where it cannot."""
    for name, schema in SCHEMAS.items():
        (out / name).write_text(json.dumps(schema(), indent=2, ensure_ascii=False) + "\n", "utf-8")
        print(f"wrote {out / name}")
