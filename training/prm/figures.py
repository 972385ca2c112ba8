"""What scores are worth: order within a problem, calibration, and what selection makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from compute_router.training.evaluation.bootstrap import Interval, Resamples
from compute_router.training.outcomes.outcome_matrix import Floats
from compute_router.training.prm.examples import Solved
from compute_router.training.subset_expectation import Blocks, any_right, drawn_vote, most
from compute_router.training.sweep.record import RecordedPath

__all__ = ["Estimate", "Selected", "estimate", "ordered", "selected"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over problems and its 95 % bootstrap interval; `problems` are how many it is of."""

    mean: float
    interval: Interval
    problems: int


@dataclass(frozen=True, slots=True)
class Selected:
    """Accuracies by select=vote, max and weighted, `drawn` of a vote whose ties are drawn, `oracle` where any
    sample is right; and paired differences from `vote`."""

    n: str
    pass_at_1: Estimate
    vote: Estimate
    drawn: Estimate
    best_of_n: Estimate
    weighted: Estimate
    oracle: Estimate
    best_over_vote: Estimate
    weighted_over_vote: Estimate


def estimate(values_P: Sequence[float], seed: int) -> Estimate | None:
    """None of no problems."""
    if not values_P:
        return None
    values = np.array(values_P, dtype=np.float64)
    [interval] = Resamples(len(values), seed).intervals(values[:, None])
    return Estimate(float(values.mean()), interval, len(values))


def ordered(
    problems: Sequence[Solved], scores_PN: Sequence[Sequence[float]], seed: int, *, answered: bool = False
) -> Estimate | None:
    """AUROC within problems: the chance that a right sample scores above a wrong one of the same problem,
    ties half; the mean over the problems that have both. `answered`: of samples that state an answer."""
    values = []
    for problem, scores_N in zip(problems, scores_PN, strict=True):
        pairs = [
            (path.correct, score)
            for path, score in zip(problem.paths_N, scores_N, strict=True)
            if path.answer is not None or not answered
        ]
        right, wrong = (
            np.array([score for correct, score in pairs if correct is is_]) for is_ in (True, False)
        )
        if len(right) and len(wrong):
            above = right[:, None] - wrong
            values.append(float((above > 0).mean() + (above == 0).mean() / 2))
    return estimate(values, seed)


def selected(
    problems: Sequence[Solved], scores_PN: Sequence[Sequence[float]], seed: int, n: int | None
) -> Selected | None:
    """At `n` of the samples, exactly over all subsets, for problems with more; at all of them where n is None
    (blocks of 16 where there are more). None where no problem has so many."""
    rows = []
    for problem, scores_N in zip(problems, scores_PN, strict=True):
        size = min(len(problem.paths_N), most("weighted")) if n is None else n
        if n is not None and len(problem.paths_N) <= n:
            continue
        paths_N = [
            RecordedPath(path.answer, path.group, path.correct, None, (score,), path.logprob)
            for path, score in zip(problem.paths_N, scores_N, strict=True)
        ]
        samples = Blocks(paths_N)
        right = [path.correct for path in problem.paths_N]
        vote, best, weighted = (float(samples.accuracy(rule)[size]) for rule in ("vote", "max", "weighted"))
        counted = problem.paths_N[: most("vote")]
        drawn = float(drawn_vote([path.group for path in counted], right[: len(counted)])[size])
        oracle = float(any_right(right[: len(counted)])[size])
        rows.append((np.mean(right), vote, drawn, best, weighted, oracle, best - vote, weighted - vote))
    if not rows:
        return None
    table: Floats = np.array(rows, dtype=np.float64)
    intervals = Resamples(len(table), seed).intervals(table)
    means = table.mean(axis=0).tolist()
    found = [Estimate(mean, interval, len(table)) for mean, interval in zip(means, intervals, strict=True)]
    return Selected("all" if n is None else str(n), *found)
