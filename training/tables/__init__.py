"""Fitting the strategy table: rows with partial pooling, intervals, and what choosing needs (docs/tables.md).

sample           the arms and problems that can be compared, with their distributions over the bins
bin_posterior    what a problem's own samples add to its predicted bins
pooling          a Gaussian posterior over three bins, its strength by marginal likelihood
paired_gains     paired differences of arms
shrinkage_prior  a coarser row as the prior of a finer one
costs            what every arm costs in every bin
cells            accuracy of every arm in every bin, and all that a row says of a cell
routed_frontier  accuracy and cost of routing at every price, on folds that did not choose
fit_row          one row
domains          rows of a PRM's domains
fit_table        a whole table
"""

from compute_router.training.tables.domains import decided_by, domains, fit_rows
from compute_router.training.tables.fit_row import fit_row
from compute_router.training.tables.fit_table import fit_table

__all__ = ["decided_by", "domains", "fit_row", "fit_rows", "fit_table"]
