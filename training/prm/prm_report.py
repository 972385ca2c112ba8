"""The PRM beside the log-probability baseline on problems it has not seen, by kind of problem and pooled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from compute_router.scoring.arithmetic import GROUPS
from compute_router.training.difficulty.metrics import calibration_error
from compute_router.training.prm.examples import Solved
from compute_router.training.prm.figures import Estimate, Selected, ordered, selected
from compute_router.training.prm.held_out_scores import Scores, crossfit

__all__ = ["Judged", "Kind", "Report", "Without", "kind_lines", "kinds", "lines", "report"]

POOLED = "all"
FEWER = (8, 4)


@dataclass(frozen=True, slots=True)
class Judged:
    """What one scorer's final scores are worth: AUROC within problems, of all samples and of those that state
    an answer; selection at all samples and at 4."""

    auroc: Estimate | None
    auroc_answered: Estimate | None
    selected: tuple[Selected, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """`halfway`: AUROC within problems of the PRM's scores after half of the steps; `ece_final`: of the last
    scores; `ece_steps`: of all, each step for its path's end."""

    kind: str
    problems: int
    paths: int
    prm: Judged
    baseline: Judged
    halfway: Estimate | None
    ece_final: float
    ece_steps: float


@dataclass(frozen=True, slots=True)
class Without:
    """The PRM refitted without a group of features, pooled."""

    group: str
    auroc: Estimate | None
    weighted_over_vote: Estimate | None


@dataclass(frozen=True, slots=True)
class Report:
    kinds: tuple[Kind, ...]
    without: tuple[Without, ...]


def report(problems: Sequence[Solved], seed: int) -> Report:
    """Scores are cross-fitted in five folds of problems; intervals are of 2,000 resamples of problems."""
    found = kinds(problems, crossfit(problems, seed), seed)
    without = []
    for group, features in GROUPS.items():
        final = _final(crossfit(problems, seed, frozenset(features)))
        chosen = selected(problems, final, seed, None)
        over = None if chosen is None else chosen.weighted_over_vote
        without.append(Without(group, ordered(problems, final, seed), over))
    return Report(found, tuple(without))


def kinds(problems: Sequence[Solved], scores: Sequence[Scores], seed: int) -> tuple[Kind, ...]:
    """All problems together, then each kind by itself where there are several."""
    names = sorted({problem.kind for problem in problems})
    found = []
    for name in [POOLED, *names] if len(names) > 1 else names:
        at = [i for i, problem in enumerate(problems) if name in (POOLED, problem.kind)]
        found.append(_kind(name, [problems[i] for i in at], [scores[i] for i in at], seed))
    return tuple(found)


def _kind(name: str, problems: Sequence[Solved], scores: Sequence[Scores], seed: int) -> Kind:
    final = _final(scores)
    half = [[steps[(len(steps) - 1) // 2] if steps else 0.0 for steps in paths] for paths in scores]
    baseline = [
        [0.0 if path.logprob is None else float(np.exp(min(0.0, path.logprob))) for path in problem.paths_N]
        for problem in problems
    ]
    correct = [[path.correct for path in problem.paths_N] for problem in problems]
    last = np.array([score for row in final for score in row])
    ends = np.array([right for row in correct for right in row], dtype=np.float64)
    every = [
        (score, right)
        for problem_scores, row in zip(scores, correct, strict=True)
        for steps, right in zip(problem_scores, row, strict=True)
        for score in steps
    ]
    steps = np.array(every, dtype=np.float64)
    return Kind(
        name,
        len(problems),
        len(ends),
        _judged(problems, final, seed),
        _judged(problems, baseline, seed),
        ordered(problems, half, seed),
        calibration_error(last, ends, np.ones(len(ends))),
        calibration_error(steps[:, 0], steps[:, 1], np.ones(len(steps))),
    )


def _final(scores: Sequence[Scores]) -> list[list[float]]:
    return [[steps[-1] if steps else 0.0 for steps in paths] for paths in scores]


def _judged(problems: Sequence[Solved], final: Sequence[Sequence[float]], seed: int) -> Judged:
    most = max((len(problem.paths_N) for problem in problems), default=0)
    chosen = [selected(problems, final, seed, n) for n in (None, *(n for n in FEWER if n < most))]
    return Judged(
        ordered(problems, final, seed),
        ordered(problems, final, seed, answered=True),
        tuple(one for one in chosen if one is not None),
    )


def lines(found: Report) -> Iterator[str]:
    """The report as text; [95 % interval] (problems that it is of)."""
    for kind in found.kinds:
        yield from kind_lines(kind)
    for group in found.without:
        yield f"without {group.group}: AUROC within problems {_shown(group.auroc)}"
        yield f"  weighted vote over majority {_shown(group.weighted_over_vote, '+')}"


def kind_lines(kind: Kind) -> Iterator[str]:
    """One kind of problems as text."""
    yield f"{kind.kind}: {kind.problems} problems, {kind.paths} samples"
    yield f"  calibration error {kind.ece_final:.3f} at the end, {kind.ece_steps:.3f} over all steps"
    yield from _judged_lines("PRM", kind.prm)
    yield f"    AUROC within problems after half of the steps {_shown(kind.halfway)}"
    yield from _judged_lines("log-probability baseline", kind.baseline)


def _judged_lines(name: str, judged: Judged) -> Iterator[str]:
    yield f"  {name}"
    yield f"    AUROC within problems {_shown(judged.auroc)}"
    yield f"      of samples that state an answer {_shown(judged.auroc_answered)}"
    for one in judged.selected:
        yield (
            f"    n={one.n}: pass@1 {one.pass_at_1.mean:.3f}, majority {one.vote.mean:.3f} "
            f"(ties drawn {one.drawn.mean:.3f}), weighted vote {one.weighted.mean:.3f}, "
            f"best-of-n {one.best_of_n.mean:.3f}, any {one.oracle.mean:.3f}"
        )
        yield f"      weighted vote over majority {_shown(one.weighted_over_vote, '+')}"
        yield f"      best-of-n over majority {_shown(one.best_over_vote, '+')}"


def _shown(one: Estimate | None, sign: str = "") -> str:
    if one is None:
        return "unknown"
    low, high = one.interval
    return f"{one.mean:{sign}.3f} [{low:{sign}.3f}, {high:{sign}.3f}] ({one.problems})"
