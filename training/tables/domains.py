"""The rows of a PRM's domains: they are nearly alike, but not quite.

A PRM that checks some problems exactly and guesses at others makes other searches worth their tokens there,
at the same difficulty. A domain's row is shrunk towards the row of all problems, its own among them: it stays
close to the common cells, as far as the domains differ no more than chance lets them (docs/tables.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from compute_router.decide.table import MeasuredRow
from compute_router.scoring.embedded import domain_of
from compute_router.training.outcomes.outcome_matrix import Floats, Mask, OutcomeMatrix
from compute_router.training.tables.fit_row import fit_row

__all__ = ["ENOUGH", "by_domain", "decided_by", "domains", "fit_rows"]

ENOUGH = 20
"""So many problems make a row of their own; fewer are decided by the whole one."""


def domains(matrix: OutcomeMatrix) -> tuple[str | None, ...]:
    """Of each problem, to the matrix's PRM; None where it makes no difference or the text is unknown."""
    return tuple(None if text is None else domain_of(matrix.prm, text) for text in matrix.texts_P)


def decided_by(
    rows: Mapping[str | None, MeasuredRow], domain_P: Sequence[str | None]
) -> Iterator[tuple[MeasuredRow, Mask]]:
    """Each row with the problems that it decides: those of its domain; the row under None all others."""
    name_P = [domain if domain in rows else None for domain in domain_P]
    for name, row in rows.items():
        yield row, np.array([one == name for one in name_P], dtype=bool)


def by_domain(matrix: OutcomeMatrix) -> Iterator[tuple[str, Mask]]:
    """The domains that have enough of its problems, by name; none where all problems are of one."""
    domain_P = domains(matrix)
    for name in sorted({one for one in domain_P if one is not None}):
        here_P = np.array([one == name for one in domain_P], dtype=bool)
        if ENOUGH <= here_P.sum() < len(domain_P):
            yield name, here_P


def fit_rows(
    matrix: OutcomeMatrix, bins_P3: Floats, prior: MeasuredRow | None, *, seed: int
) -> dict[str | None, MeasuredRow]:
    """The whole row, under None, and those of its domains, without frontiers. As `fit_row`."""
    whole = fit_row(matrix, bins_P3, prior, seed=seed, frontier=False)
    rows: dict[str | None, MeasuredRow] = {None: whole}
    for name, here_P in by_domain(matrix):
        rows[name] = fit_row(matrix.rows(here_P), bins_P3[here_P], whole, seed=seed, frontier=False)
    return rows
