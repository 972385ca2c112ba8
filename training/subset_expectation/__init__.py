"""Every smaller n from one sweep of N samples, exactly."""

from compute_router.training.subset_expectation.drawn import any_right, drawn_vote
from compute_router.training.subset_expectation.expectation import Blocks, Samples, accuracy, most

__all__ = ["Blocks", "Samples", "accuracy", "any_right", "drawn_vote", "most"]
