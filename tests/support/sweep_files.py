"""A small sweep as a record file, with arms that cross by difficulty, and texts that tell it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from pathlib import Path

from compute_router.training.outcomes.build_matrix import build_matrices
from compute_router.training.outcomes.outcome_matrix import OutcomeMatrix
from compute_router.training.sweep.record import Record, write_records
from compute_router.training.sweep.sweep_file import Sweep

SPECS = {
    "majority:n=1": (0.97, 0.30, 0.02),
    "majority:n=4": (0.99, 0.45, 0.05),
    "beam:n=4,m=2,select=weighted,aggregate=last": (0.75, 0.70, 0.45),
}
MODEL = "sim-1b"


def records(
    problems: int, *, start: int = 0, model: str = MODEL, counted: bool = True, extra: tuple[str, ...] = ()
) -> Iterator[Record]:
    for at in range(start, start + problems):
        rng = random.Random(at)
        kind = at % 3
        terms = " + ".join(str(rng.randint(10, 99)) for _ in range((2, 6, 12)[kind]))
        for spec, right in {**SPECS, **dict.fromkeys(extra, (0.5, 0.5, 0.5))}.items():
            n = 1 if spec.endswith("n=1") else 4
            prm = None if spec.startswith("majority") else "prm"
            yield Record(
                problem_id=f"p{at}",
                policy_model=model,
                arm=spec,
                correct=rng.random() < right[kind],
                problem=f"Compute {terms}.",
                params=10**9,
                prm=prm,
                prm_params=7 * 10**9 if prm else None,
                seed=0,
                tokens=100 * n * (kind + 1) if counted else None,
                prm_tokens=(100 * n if prm else 0) if counted else None,
                source="simulated",
            )


def matrices(rows: Iterable[Record], arms: tuple[str, ...] = ()) -> list[OutcomeMatrix]:
    """Those of one sweep of these rows, whose manifest lists `arms`."""
    return build_matrices([Sweep(list(rows), arms)])


def write(path: Path, problems: int = 150, **options: object) -> Path:
    write_records(path, records(problems, **options))  # type: ignore[arg-type]
    return path
