"""One measured row: from a sample to cells, incumbents with what others gain over them, and the frontier."""

from __future__ import annotations

from dataclasses import dataclass

from compute_router.decide.table import MeasuredRow, SizeClass
from compute_router.training.outcomes.outcome_matrix import Floats, OutcomeMatrix
from compute_router.training.tables.cells import arms
from compute_router.training.tables.costs import costs
from compute_router.training.tables.paired_gains import gains_over, incumbents, level, stored
from compute_router.training.tables.routed_frontier import routed_frontier
from compute_router.training.tables.sample import Sample, sample
from compute_router.training.tables.shrinkage_prior import ShrinkagePrior

__all__ = ["Key", "fit_row", "fitted", "row_of"]


@dataclass(frozen=True, slots=True)
class Key:
    """Whose row it is, and where it comes from."""

    id: str
    source: str
    policy_model: str | None = None
    size: SizeClass | None = None
    prm: str | None = None
    domain: str | None = None
    params: int | None = None
    prm_params: int | None = None


def fit_row(
    matrix: OutcomeMatrix, bins_P3: Floats, prior: MeasuredRow | None, *, seed: int, frontier: bool = True
) -> MeasuredRow:
    """The row of one policy model with one PRM. `bins_P3`: P(easy), P(medium), P(hard) of each problem, from
    anything but the outcomes that are fitted. `prior`: a coarser row, fitted without this matrix. `seed`
    deals the folds of the frontier, which is most of the work and can be left out. Raises ValueError where
    no arms can be compared."""
    key = Key(
        id=f"measured/{matrix.policy_model}/{matrix.prm}"
        if matrix.prm
        else f"measured/{matrix.policy_model}",
        source=matrix.source or "a matrix",
        policy_model=matrix.policy_model,
        prm=matrix.prm,
        params=matrix.params,
        prm_params=matrix.prm_params,
    )
    found = sample([matrix], [bins_P3])
    return row_of(found, key, prior, seed=seed) if frontier else fitted(found, key, prior)


def row_of(some: Sample, key: Key, prior: MeasuredRow | None, *, seed: int) -> MeasuredRow:
    """The row of a sample, with its frontier estimated on folds that did not choose."""
    row = fitted(some, key, prior)
    return row.model_copy(
        update={"frontier": routed_frontier(some, lambda part: fitted(part, key, prior), seed=seed)}
    )


def fitted(some: Sample, key: Key, prior: MeasuredRow | None) -> MeasuredRow:
    """The row without its frontier."""
    shrinkage = ShrinkagePrior(prior) if prior else None
    cost, right_A = costs(some, shrinkage), level(some, shrinkage)
    easy, medium, hard = (some.shares_3 * some.problems).tolist()
    fixed = incumbents(right_A, cost, key.params, key.prm_params)
    return MeasuredRow(
        kind="measured",
        id=key.id,
        source=key.source,
        policy_model=key.policy_model,
        size=key.size,
        prm=key.prm,
        domain=key.domain,
        params=key.params,
        prm_params=key.prm_params,
        problems=round(some.problems, 1),
        problems_by_bin=(round(easy, 1), round(medium, 1), round(hard, 1)),
        arms=arms(some, cost, shrinkage),
        incumbents=stored(some.arms_A, right_A, cost, gains_over(some, fixed, shrinkage)),
    )
