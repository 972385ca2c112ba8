"""Fitting the strategy table: rows with partial pooling, intervals, and what choosing needs."""

from compute_router.training.tables.domains import decided_by, domains, fit_rows
from compute_router.training.tables.fit_row import fit_row
from compute_router.training.tables.fit_table import fit_table

__all__ = ["decided_by", "domains", "fit_row", "fit_rows", "fit_table"]
