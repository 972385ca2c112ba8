"""What every arm would have reached on a sweep: one run of N samples gives all n <= N exactly.

The expectation over the subsets of n samples is taken by enumeration, with the selection code that the
search itself runs; nothing is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from policies import BestOfN, Group, Majority, Outcome, Path, Step, Strategy, select, spec
from training.sweep import Sample, SweptProblem

__all__ = ["Reached", "reached", "sampling_arms"]


@dataclass(frozen=True, slots=True)
class Reached:
    """Expected accuracy and generated tokens of one arm on one problem."""

    accuracy: float
    tokens: float


def sampling_arms(n: int) -> Iterator[Strategy]:
    """The arms that a sweep of n samples answers: votes and best-of-n at every power of two up to n."""
    size = 1
    while size <= n:
        yield Majority(size)
        if size > 1:
            # One aggregation only: the more arms a small sweep offers, the more of the best one is luck.
            yield from (BestOfN(size, rule, "mean") for rule in ("max", "weighted"))
        size *= 2


def reached(problem: SweptProblem, arm: Strategy) -> Reached:
    """The arm's exact expectation over all subsets of its n samples. Raises ValueError where the sweep has
    fewer samples, TypeError where the arm does not choose among independent samples."""
    if not isinstance(arm, Majority | BestOfN):
        raise TypeError(f"{spec(arm)} does not choose among independent samples")
    total = len(problem.samples)
    if arm.n > total:
        raise ValueError(f"{spec(arm)} needs {arm.n} samples, {problem.id} has {total}")
    paths = [_path(i, sample) for i, sample in enumerate(problem.samples)]
    rule, aggregate = (arm.select, arm.aggregate) if isinstance(arm, BestOfN) else ("vote", "last")
    subsets = list(combinations(range(total), arm.n))
    right = 0
    for subset in subsets:
        outcome = _select(problem, subset, tuple(paths[i] for i in subset), rule, aggregate)
        right += outcome.chosen is not None and problem.samples[subset[outcome.chosen]].correct
    tokens = arm.n * sum(sample.tokens for sample in problem.samples) / total
    return Reached(right / len(subsets), tokens)


def _path(index: int, sample: Sample) -> Path:
    """A path that selection cannot tell from the one that was sampled."""
    text = "" if sample.answer is None else f"\\boxed{{{sample.answer}}}"
    size = max(1, len(sample.scores))
    steps = [Step("", (0,), (sample.logprob,)) for _ in range(size - 1)]
    last = Step(text, (0,), (sample.logprob,))
    return Path((index,), (*steps, last), sample.scores, "stop")


def _select(
    problem: SweptProblem, subset: tuple[int, ...], paths: tuple[Path, ...], rule: str, aggregate: str
) -> Outcome:
    search = select(paths, rule, aggregate)
    ask = next(search)
    assert isinstance(ask, Group)
    try:
        search.send(tuple(problem.samples[i].group for i in subset))
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome
    raise AssertionError("a selection asks once")
