"""What `reroute` would have reached on problems that kept N samples: no new run is needed.

The probe is every subset of `probe` samples; what follows a look is `stop`, `majority` or `best_of_n` (n of
the N samples, the probe's among them), and its answer the exact mean over all ways to draw the rest. A tree
(beam, dvts) cannot be had from samples. The bill is the search's: tokens of every sample that was taken, the
PRM's for each that was scored (all of the probe, and all that best_of_n takes).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from random import Random
from statistics import fmean

import numpy as np

from compute_router.difficulty import Distribution
from compute_router.difficulty.probe import EWENS, Probe
from compute_router.policies import Outlook, make, spec
from compute_router.policies.reroute import Reroute
from compute_router.training.outcomes.outcome_matrix import Floats, OutcomeMatrix
from compute_router.training.sweep.record import Record, RecordedPath
from research.probe.sampled_problem import Sampled, sampled
from research.probe.votes import after_subset, winners

__all__ = ["SPECS", "Simulated", "reroute_arms", "reroute_of", "simulate"]

SPECS = tuple(
    spec(make(f"reroute:n={n},probe={k},easy=stop,medium=majority,hard={hard}"))
    for n, k in ((8, 2), (8, 4))
    for hard in ("majority", "stop")
)
"""Arms that problems with 8 plain samples answer for."""

MOST_SAMPLES = 12
"""Of a problem's samples; more are not looked at."""
MOST_LOOKS = 70
"""Subsets of a problem's samples, the number of 4 of 8; of more, so many are drawn."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """Expected accuracy, generated tokens and PRM tokens of an arm on one problem; NaN: unknown."""

    accuracy: float
    tokens: float
    prm_tokens: float


def reroute_arms(
    matrix: OutcomeMatrix,
    records: Iterable[Record],
    bins_P3: Floats,
    *,
    probe: Probe = EWENS,
    specs: Sequence[str] = SPECS,
) -> OutcomeMatrix:
    """`matrix` with a column more for every arm of `specs` that some problem answers for and that was not
    run.

    `records`: the rows that the matrix was made of, others are ignored. `bins_P3`: easy, medium, hard of each
    problem as predicted without its own answers; a probe that has learned from them flatters the arm too.
    Raises SpecError, ValueError for an arm that is no reroute or may turn to a tree.
    """
    arms = {spec(arm): arm for arm in map(reroute_of, specs) if spec(arm) not in matrix.arms_A}
    mine = (
        record
        for record in records
        if record.policy_model == matrix.policy_model and record.prm in (None, matrix.prm)
    )
    at = {name: p for p, name in enumerate(matrix.problems_P)}
    table = np.full((3, len(matrix.problems_P), len(arms)), np.nan)
    for record_id, problem in _by_id(mine):
        if (p := at.get(record_id)) is None:
            continue
        easy, medium = float(bins_P3[p, 0]), float(bins_P3[p, 1])
        prior = Distribution(easy, medium, max(0.0, 1 - easy - medium), min(1.0, 0.75 * easy + 0.3 * medium))
        for a, arm in enumerate(arms.values()):
            one = simulate(problem, prior, arm, probe)
            if one is not None:
                table[:, p, a] = one.accuracy, one.tokens, one.prm_tokens
    kept = ~np.isnan(table[0]).all(axis=0)
    accuracy_PA, tokens_PA, prm_tokens_PA = table[:, :, kept]
    return replace(
        matrix,
        arms_A=(*matrix.arms_A, *(name for name, keep in zip(arms, kept, strict=True) if keep)),
        accuracy_PA=np.hstack([matrix.accuracy_PA, accuracy_PA]),
        tokens_PA=np.hstack([matrix.tokens_PA, tokens_PA]),
        prm_tokens_PA=np.hstack([matrix.prm_tokens_PA, prm_tokens_PA]),
    )


def simulate(problem: Sampled, prior: Distribution, arm: Reroute, probe: Probe = EWENS) -> Simulated | None:
    """The arm's expectation over the order in which the samples come. None where there are too few samples,
    or no scores for a best_of_n. Raises ValueError for an arm that may turn to a tree."""
    follows = {label: str(getattr(arm, label)) for label in ("easy", "medium", "hard")}
    if trees := set(follows.values()) - {"stop", "majority", "best_of_n"}:
        raise ValueError(f"{spec(arm)}: {min(trees)} cannot be had from samples")
    paths_N = problem.paths_N[:MOST_SAMPLES]
    needed = arm.n if set(follows.values()) != {"stop"} else arm.probe
    total = len(paths_N)
    scored = all(path.scores for path in paths_N if path.group is not None)
    if total < needed or ("best_of_n" in follows.values() and not scored):
        return None
    voted_T = winners(paths_N)
    after_T = {"stop": voted_T, "majority": after_subset(voted_T, total, arm.n)}
    if "best_of_n" in follows.values():
        after_T["best_of_n"] = after_subset(winners(paths_N, weighted=True), total, arm.n)
    right, taken, judged = [], [], []
    known: dict[tuple[object, ...], str] = {}
    for subset in _subsets(total, arm.probe):
        looked = [paths_N[i] for i in subset]
        key = _pattern(looked, probe)
        if key not in known:
            known[key] = follows[_label(probe, prior, looked)]
        follow = known[key]
        right.append(float(after_T[follow][sum(1 << i for i in subset)]))
        taken.append(arm.probe if follow == "stop" else arm.n)
        judged.append(arm.n if follow == "best_of_n" else arm.probe)
    return Simulated(fmean(right), fmean(taken) * problem.tokens, fmean(judged) * problem.prm_tokens)


def reroute_of(text: str) -> Reroute:
    """The arm of a spec. Raises SpecError, ValueError where it is another strategy."""
    arm = make(text)
    if not isinstance(arm, Reroute):
        raise ValueError(f"{text} is no reroute")
    return arm


def _by_id(records: Iterable[Record]) -> Iterable[tuple[str, Sampled]]:
    """Samples by problem_id; the text plays no part in what an arm reaches."""
    alone = [replace(record, problem=None) for record in records]
    return [(one.name.removeprefix("id:"), one) for one in sampled(alone)]


def _subsets(n: int, k: int) -> list[tuple[int, ...]]:
    if math.comb(n, k) <= MOST_LOOKS:
        return list(combinations(range(n), k))
    draw = Random(0)
    return [tuple(sorted(draw.sample(range(n), k))) for _ in range(MOST_LOOKS)]


def _pattern(looked: Sequence[RecordedPath], probe: Probe) -> tuple[object, ...]:
    """Equal where a probe cannot tell two looks apart."""
    names: dict[int | None, int | None] = {None: None}
    return tuple(
        (
            names.setdefault(path.group, len(names)),
            path.scores[-1:],
            path.logprob if probe.logprob_weight else None,
        )
        for path in looked
    )


def _label(probe: Probe, prior: Distribution, looked: Sequence[RecordedPath]) -> str:
    after = probe.update(
        prior,
        [path.group for path in looked],
        [path.scores[-1] if path.scores else None for path in looked],
        [path.logprob for path in looked],
    )
    return Outlook(after.easy, after.medium, after.hard).label
