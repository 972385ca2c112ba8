"""Every smaller n from one sweep of N samples, exactly.

expectation  what n of a row's N samples would have reached, over all subsets
drawn        any sample right, and votes whose ties are drawn
ties         votes, and best-of-n: counting subsets where groups can tie
weighted     weighted votes: sums of values
voters       the samples of a row as arrays, and binomials
polynomials  products of generating functions
"""

from compute_router.training.subset_expectation.drawn import any_right, drawn_vote
from compute_router.training.subset_expectation.expectation import Blocks, Samples, accuracy, most

__all__ = ["Blocks", "Samples", "accuracy", "any_right", "drawn_vote", "most"]
