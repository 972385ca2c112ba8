"""Does re-routing pay? Its arms against uniform votes of as many tokens, on problems that kept samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from compute_router.difficulty import Distribution
from compute_router.difficulty.probe import Probe
from compute_router.training.outcomes.outcome_matrix import Floats
from research.probe.offline import SPECS, reroute_of, simulate
from research.probe.sampled_problem import Sampled
from research.probe.votes import MOST, sizes, winners

__all__ = ["Paid", "paying"]

_DRAWS = 1000


@dataclass(frozen=True, slots=True)
class Paid:
    """`gain`: accuracy over a vote of the same n for all problems, at as many tokens (between two n by mixing
    them); 95 % interval by bootstrap over problems."""

    arm: str
    tokens: float
    accuracy: float
    gain: float
    interval: tuple[float, float]


def paying(
    problems: Sequence[Sampled], priors_P: Sequence[Distribution], probe: Probe, *, seed: int = 0
) -> list[Paid]:
    """One for every arm of `offline.SPECS` that all problems answer for; none where their numbers of samples
    differ."""
    n = len(problems[0].paths_N)
    if n > MOST or any(len(one.paths_N) != n or not one.tokens > 0 for one in problems):
        return []
    size_T = sizes(n)
    right_PT = np.array([winners(one.paths_N) for one in problems])
    vote_PN = np.stack([right_PT[:, size_T == size].mean(axis=1) for size in range(n + 1)], axis=1)
    tokens_P = np.array([one.tokens for one in problems])
    draw = np.random.default_rng(seed)
    picks = draw.integers(len(problems), size=(_DRAWS, len(problems)))
    weight_DP = np.stack([np.bincount(pick, minlength=len(problems)) for pick in picks]) / len(problems)
    weight_DP = np.concatenate([np.full((1, len(problems)), 1 / len(problems)), weight_DP])
    each_D, votes_DN = weight_DP @ tokens_P, weight_DP @ vote_PN
    found = []
    for text in SPECS:
        arm = reroute_of(text)
        reached = [simulate(one, prior, arm, probe) for one, prior in zip(problems, priors_P, strict=True)]
        some = [one for one in reached if one is not None]
        if len(some) < len(reached):
            continue
        tokens_D = weight_DP @ np.array([one.tokens for one in some])
        accuracy_D = weight_DP @ np.array([one.accuracy for one in some])
        gain_D = accuracy_D - _at(tokens_D / each_D, votes_DN)
        low, high = np.quantile(gain_D[1:], [0.025, 0.975])
        found.append(
            Paid(text, float(tokens_D[0]), float(accuracy_D[0]), float(gain_D[0]), (float(low), float(high)))
        )
    return found


def _at(n_D: Floats, votes_DN: Floats) -> Floats:
    """Accuracy of a vote of a broken number of samples, in each draw."""
    low_D = np.minimum(n_D.astype(int), votes_DN.shape[1] - 2)
    at = np.arange(len(n_D))
    part_D = n_D - low_D
    found: Floats = (1 - part_D) * votes_DN[at, low_D] + part_D * votes_DN[at, low_D + 1]
    return found
