"""Every public sweep with two or more arms, cross-fitted, in one table.

    python -m research public-sweeps --data ../shared/data [--seeds 0 --seeds 1 --seeds 2]

Difficulty starts from a predictor that was fitted on annotations of training problems only. It has seen no
outcome of any model, so nothing that is judged was learned from. Figures are means over the fold seeds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from compute_router.decide.price import Price
from compute_router.difficulty import Predictor
from compute_router.training.evaluation.crossfit import crossfitted
from compute_router.training.evaluation.judge import Judged, Section, judge
from compute_router.training.outcomes.build_matrix import build_matrices
from compute_router.training.outcomes.outcome_matrix import OutcomeMatrix
from compute_router.training.sweep.record import Record
from compute_router.training.sweep.sweep_file import Sweep

__all__ = ["Line", "compare", "lines", "markdown"]

_HEAD = (
    "sweep", "policy model", "PRM", "problems", "arms", "price", "router", "best fixed", "difference",
    "95 %", "worst seed", "oracle by bin", "oracle by problem", "paper's rule", "gap closed",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One sweep at one price, over all fold seeds."""

    sweep: str
    matrix: OutcomeMatrix
    judged: tuple[Judged, ...]

    @property
    def price(self) -> float:
        return self.judged[0].price.value

    def mean(self, policy: str) -> float:
        return fmean(one.policies[policy].utility for one in self.judged)

    @property
    def differences(self) -> list[float]:
        return [one.difference for one in self.judged]

    @property
    def interval(self) -> tuple[float, float]:
        """Ends averaged over the seeds."""
        low, high = zip(*(one.difference_interval for one in self.judged), strict=True)
        return fmean(low), fmean(high)

    @property
    def gap_closed(self) -> float | None:
        shares = [one.gap_closed for one in self.judged if one.gap_closed is not None]
        return fmean(shares) if shares else None


def compare(
    sweeps: Mapping[str, Sequence[Record]], base: Predictor, prices: Sequence[Price], seeds: Sequence[int]
) -> Iterator[tuple[str, list[list[Section]]]]:
    """(sweep, sections of each seed) for every sweep that has a matrix of two or more comparable arms."""
    for name, records in sweeps.items():
        found = [matrix.comparable() for matrix in build_matrices([Sweep(records)])]
        found = [matrix for matrix in found if len(matrix.arms_A) > 1 and matrix.problems_P]
        if found:
            yield (
                name,
                [
                    [judge(one, prices, seed) for one in crossfitted(found, lambda out: base, seed)]
                    for seed in seeds
                ],
            )


def lines(name: str, by_seed: Sequence[Sequence[Section]]) -> Iterator[Line]:
    for sections in zip(*by_seed, strict=True):
        for judged in zip(*(section.judged for section in sections), strict=True):
            yield Line(name, sections[0].matrix, judged)


def markdown(rows: Sequence[Line]) -> Iterator[str]:
    """The table, a line at a time."""
    yield _line(_HEAD)
    yield "|" + "---|" * len(_HEAD)
    for row in rows:
        low, high = row.interval
        closed = "-" if row.gap_closed is None else f"{row.gap_closed:.1%}"
        yield _line(
            (
                row.sweep,
                row.matrix.policy_model,
                row.matrix.prm or "-",
                str(len(row.matrix.problems_P)),
                str(len(row.matrix.arms_A)),
                f"{row.price:g}",
                *(f"{row.mean(name):.4f}" for name in ("router", "best_fixed_train")),
                f"{fmean(row.differences):+.4f}",
                f"[{low:+.4f}, {high:+.4f}]",
                f"{min(row.differences):+.4f}",
                *(f"{row.mean(name):.4f}" for name in ("oracle_bin", "oracle_problem", "paper_rule")),
                closed,
            )
        )


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
