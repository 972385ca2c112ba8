"""Collects the outcomes that rows imply, by problem, arm and seed, and averages them over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from compute_router.training.outcomes.outcome_matrix import Floats
from compute_router.training.sweep.implied_outcomes import ArmOutcome
from compute_router.training.sweep.record import Record, RecordedPath, RecordError

__all__ = ["OutcomeCollector"]


@dataclass(slots=True)
class OutcomeCollector:
    """Problems and arms in the order in which they come."""

    problems: dict[str, int] = field(default_factory=dict)
    texts: list[str | None] = field(default_factory=list)
    arms: dict[str, int] = field(default_factory=dict)
    outcomes: list[tuple[int, int, int, int, float, float, float]] = field(default_factory=list)
    samples: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    unseeded: int = 0

    def problem(self, record: Record) -> int:
        at = self.problems.setdefault(record.problem_id, len(self.problems))
        if at == len(self.texts):
            self.texts.append(record.problem)
        elif self.texts[at] is None:
            self.texts[at] = record.problem
        elif not _same(self.texts[at], record.problem):
            raise RecordError(f"two problems have the id {record.problem_id!r}: give each its own")
        return at

    def seed(self, record: Record) -> int:
        """The row's seed; a row without one stands alone."""
        if record.seed is not None:
            return record.seed
        self.unseeded -= 1
        return self.unseeded

    def add(self, problem: int, seed: int, outcome: ArmOutcome) -> None:
        arm = self.arms.setdefault(outcome.arm, len(self.arms))
        self.outcomes.append(
            (problem, arm, seed, outcome.samples, outcome.accuracy, outcome.tokens, outcome.prm_tokens)
        )

    def add_samples(self, problem: int, seed: int, paths: Sequence[RecordedPath]) -> None:
        """Notes the evidence for pass@1; the samples of one seed are the same samples in every arm."""
        if len(paths) > self.samples.get((problem, seed), (0, 0))[1]:
            right = sum(path.group is not None and path.correct is True for path in paths)
            self.samples[problem, seed] = right, len(paths)

    def evidence(self) -> tuple[Floats, Floats]:
        right_P, samples_P = np.zeros(len(self.problems)), np.zeros(len(self.problems))
        for (problem, _), (right, samples) in self.samples.items():
            right_P[problem] += right
            samples_P[problem] += samples
        return right_P, samples_P

    def means(self) -> tuple[Floats, Floats, Floats]:
        """Accuracy, tokens, PRM tokens: of each seed the row with most samples, then the mean over seeds."""
        shape = len(self.problems), len(self.arms)
        rows = np.array(self.outcomes, dtype=np.float64).reshape(-1, 7)
        rows = rows[np.lexsort((-rows[:, 3], rows[:, 2], rows[:, 1], rows[:, 0]))]
        first = np.ones(len(rows), dtype=bool)
        first[1:] = (rows[1:, :3] != rows[:-1, :3]).any(axis=1)
        rows = rows[first]
        cell = rows[:, 0].astype(np.int64) * shape[1] + rows[:, 1].astype(np.int64)
        return _mean(cell, rows[:, 4], shape), _mean(cell, rows[:, 5], shape), _mean(cell, rows[:, 6], shape)


def _same(text: str | None, other: str | None) -> bool:
    """Whether these may be one problem's text, blanks apart."""
    return text is None or other is None or text == other or text.split() == other.split()


def _mean(cell: np.ndarray[tuple[int], np.dtype[np.int64]], values: Floats, shape: tuple[int, int]) -> Floats:
    """The mean of the known values of every cell; NaN where there are none."""
    known = ~np.isnan(values)
    size = shape[0] * shape[1]
    totals = np.bincount(cell[known], weights=values[known], minlength=size)
    counts = np.bincount(cell[known], minlength=size)
    means = np.full(size, np.nan)
    np.divide(totals, counts, out=means, where=counts > 0)
    return means.reshape(shape)
