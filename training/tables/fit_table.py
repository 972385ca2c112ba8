"""A whole table: a row for each policy model with each PRM, coarser rows over several, and the paper's rule.

Rows (design.md's order, finest first): policy model with PRM; policy model with any PRM; size class with
PRM; size class with any PRM. A coarser row is made where it pools two finer ones or more; a finer row is
shrunk towards the nearest that can be fitted without it. Rows of a PRM's domains are beside the first kind
(domains.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from compute_router.decide.table import MeasuredRow, RuleRow, Table, load_table, size_class
from compute_router.io.data_files import data_path
from compute_router.training.difficulty.corpus import identity
from compute_router.training.outcomes.outcome_matrix import Floats, OutcomeMatrix
from compute_router.training.sweep.implied_arms import canonical, strategy_of
from compute_router.training.tables.domains import by_domain
from compute_router.training.tables.fit_row import Key, fitted, row_of
from compute_router.training.tables.sample import sample

__all__ = ["PRICE", "fit_table"]

PRICE = 0.03
"""Accuracy a 1,000 tokens, where nothing else is said."""

Part = tuple[OutcomeMatrix, Floats]


def fit_table(
    matrices: Sequence[OutcomeMatrix], bins: Sequence[Floats], *, seed: int, source: str, price: float = PRICE
) -> Table:
    """`bins`: P(easy), P(medium), P(hard) of each matrix's problems, (P, 3), from anything but the outcomes
    that are fitted. Arms that are no strategy of ours, and matrices without two arms left, have no row.
    `source`: the command, for the rows to name. The paper's rule stays for the size classes that have no
    measured row of their own."""
    parts = [part for part in map(_runnable, matrices, bins) if part]
    rows: list[MeasuredRow | RuleRow] = []
    for at, (matrix, bins_P3) in enumerate(parts):
        prior = _prior(matrix, parts[:at] + parts[at + 1 :], source, seed)
        if row := _row([(matrix, bins_P3)], _key(matrix, source), prior, seed):
            rows += [row, *_domains(matrix, bins_P3, row, source)]
    for level in _LEVELS:
        for key in dict.fromkeys(level(matrix) for matrix, _ in parts if level(matrix)):
            some = [part for part in parts if level(part[0]) == key]
            if key and _several(some) and (row := _row(some, _coarse(key, some, source), None, seed)):
                rows.append(row)
    taken = {row.key for row in rows}
    rules = [row for row in load_table(data_path("table.json")).rows if isinstance(row, RuleRow)]
    rows += [row for row in rules if row.key not in taken]
    return Table(schema_version=3, price=price, rows=tuple(rows))


_Key3 = tuple[str | None, str | None, str | None]
"""Policy model, size class, PRM."""


def _model(matrix: OutcomeMatrix) -> _Key3 | None:
    return (matrix.policy_model, None, None)


def _size_and_prm(matrix: OutcomeMatrix) -> _Key3 | None:
    return (None, size_class(matrix.params), matrix.prm) if matrix.params and matrix.prm else None


def _size(matrix: OutcomeMatrix) -> _Key3 | None:
    return (None, size_class(matrix.params), None) if matrix.params else None


_LEVELS: tuple[Callable[[OutcomeMatrix], _Key3 | None], ...] = (_model, _size_and_prm, _size)


def _several(some: Sequence[Part]) -> bool:
    """A row over one policy model needs two PRMs, one over a size class two policy models."""
    return len({(matrix.policy_model, matrix.prm) for matrix, _ in some}) > 1


def _runnable(matrix: OutcomeMatrix, bins_P3: Floats) -> Part | None:
    """The arms that are ours, under their own names."""
    ours = {arm: name for arm in matrix.arms_A if strategy_of(arm) and (name := canonical(arm))}
    if len(set(ours.values())) < 2:
        return None
    first = {name: arm for arm, name in reversed(ours.items())}
    kept = matrix.columns([arm for name, arm in first.items()][::-1])
    return replace(kept, arms_A=tuple(ours[arm] for arm in kept.arms_A)), bins_P3


def _prior(matrix: OutcomeMatrix, others: Sequence[Part], source: str, seed: int) -> MeasuredRow | None:
    """The nearest coarser row, of other data: of the same policy model, only problems that it has not."""
    mine = set(_names(matrix))
    for level in _LEVELS:
        if (key := level(matrix)) is None:
            continue
        some: list[Part] = []
        for other, bins_P3 in others:
            if level(other) != key:
                continue
            new_P = np.ones(len(other.problems_P), dtype=bool)
            if other.policy_model == matrix.policy_model:
                new_P = np.array([name not in mine for name in _names(other)], dtype=bool)
            if new_P.any():
                some.append((other.rows(new_P), bins_P3[new_P]))
        if some and (row := _row(some, _coarse(key, some, source), None, seed)):
            return row
    return None


def _row(some: Sequence[Part], key: Key, prior: MeasuredRow | None, seed: int) -> MeasuredRow | None:
    """None where no two arms can be compared."""
    try:
        found = sample([matrix for matrix, _ in some], [bins_P3 for _, bins_P3 in some])
    except ValueError:
        return None
    return row_of(found, key, prior, seed=seed) if len(found.arms_A) > 1 else None


def _domains(
    matrix: OutcomeMatrix, bins_P3: Floats, whole: MeasuredRow, source: str
) -> Iterator[MeasuredRow]:
    """Without frontiers: what is shrunk towards all problems has seen every fold."""
    for name, here_P in by_domain(matrix):
        key = _key(matrix, source)
        some = sample([matrix.rows(here_P)], [bins_P3[here_P]])
        yield fitted(some, replace(key, id=f"{key.id}/{name}", domain=name), whole)


def _key(matrix: OutcomeMatrix, source: str) -> Key:
    return Key(
        id="/".join(filter(None, ("measured", matrix.policy_model, matrix.prm))),
        source=source or matrix.source,
        policy_model=matrix.policy_model,
        prm=matrix.prm,
        params=matrix.params,
        prm_params=matrix.prm_params,
    )


def _coarse(key: _Key3, some: Sequence[Part], source: str) -> Key:
    model, size, prm = key
    sizes = {matrix.params for matrix, _ in some}
    return Key(
        id=f"pooled/{model or size}/{prm or 'any PRM'}",
        source=source,
        policy_model=model,
        size=size,  # type: ignore[arg-type]
        prm=prm,
        params=sizes.pop() if len(sizes) == 1 else None,
    )


def _names(matrix: OutcomeMatrix) -> list[str]:
    return [
        identity(text) if text else problem
        for problem, text in zip(matrix.problems_P, matrix.texts_P, strict=True)
    ]
