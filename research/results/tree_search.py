"""Tree search beside a vote of as many samples, by difficulty that neither's outcome has measured."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from compute_router.difficulty.bins import BINS, bin_of
from compute_router.policies import DVTS, MCTS, REBASE, Beam
from compute_router.training.evaluation.bootstrap import Interval, Resamples
from compute_router.training.outcomes.outcome_matrix import Floats
from compute_router.training.subset_expectation import accuracy
from compute_router.training.sweep.implied_arms import has_plain_samples, strategy_of
from compute_router.training.sweep.record import Record

__all__ = ["Beside", "beside_votes"]

SPLITS = 32


@dataclass(frozen=True, slots=True)
class Beside:
    """`problems`: how many, in the mean over the splits; `tokens` of the tree and `vote_tokens` a problem;
    `interval`: 95 % of the difference, paired over problems."""

    arm: str
    bin: str
    problems: float
    accuracy: float
    vote: float
    tokens: float
    vote_tokens: float
    difference: float
    interval: Interval


def beside_votes(records: Sequence[Record], seed: int) -> list[Beside]:
    """Each tree search with its own `select` and `aggregate` beside the n of N samples that it takes for n.

    The N samples of a problem are split at random, 32 times: n of them vote, the others say its bin. Were the
    bin measured on the samples that vote, their bad luck would count as difficulty, and every other arm would
    seem better on hard problems and worse on easy ones. Arms of which no problem has more than n samples are
    left out. `records`: of one policy model and PRM.
    """
    samples: dict[str, Record] = {}
    for record in records:
        if has_plain_samples(record):
            known = samples.get(record.problem_id)
            if known is None or len(record.paths) > len(known.paths):
                samples[record.problem_id] = record
    trees: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        if isinstance(strategy_of(record.arm), Beam | DVTS | REBASE | MCTS) and record.correct is not None:
            trees[record.arm].append(record)
    return [one for arm in sorted(trees) for one in _beside(arm, trees[arm], samples, seed)]


def _beside(arm: str, rows: Sequence[Record], samples: dict[str, Record], seed: int) -> list[Beside]:
    search = strategy_of(arm)
    assert isinstance(search, Beam | DVTS | REBASE | MCTS)
    pairs = [
        (tree, samples[tree.problem_id])
        for tree in rows
        if tree.problem_id in samples and len(samples[tree.problem_id].paths) > search.n
    ]
    if not pairs:
        return []
    rng = np.random.default_rng(seed)
    # Sums over the splits, by bin: splits, tree, vote, tokens of both, difference.
    sums_PBK = np.zeros((len(pairs), len(BINS), 6))
    for at, (tree, sampled) in enumerate(pairs):
        own = float(tree.correct is True)
        for _ in range(SPLITS):
            drawn = [sampled.paths[i] for i in rng.permutation(len(sampled.paths))]
            voting, others = drawn[: search.n], drawn[search.n :]
            where = BINS.index(bin_of(sum(path.correct is True for path in others) / len(others)))
            vote = float(accuracy(voting, search.select, search.aggregate)[search.n])
            spent = sum(path.tokens or 0 for path in voting)
            sums_PBK[at, where] += (1, own, vote, tree.tokens or 0, spent, own - vote)
    return [_one(arm, name, sums_PBK[:, where], seed) for where, name in enumerate(BINS)]


def _one(arm: str, name: str, sums_PK: Floats, seed: int) -> Beside:
    count = sums_PK[:, 0].sum()
    means = Resamples(len(sums_PK), seed).means(sums_PK[:, [0, 5]])
    with np.errstate(invalid="ignore", divide="ignore"):
        low, high = np.nanquantile(means[:, 1] / means[:, 0], [0.025, 0.975]) if count else (np.nan, np.nan)
        accuracy, voted, paid, spent, difference = (sums_PK[:, 1:].sum(axis=0) / count).tolist()
    interval = float(low), float(high)
    return Beside(arm, name, float(count) / SPLITS, accuracy, voted, paid, spent, difference, interval)
