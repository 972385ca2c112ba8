"""The figures of one matrix as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from compute_router.difficulty.bins import BINS
from compute_router.training.evaluation.bootstrap import Interval
from compute_router.training.evaluation.judge import Contest, Judged, Section
from compute_router.training.evaluation.policy_outcomes import Outcomes
from compute_router.training.evaluation.rivals import true_bins
from compute_router.training.prm.figures import Estimate
from compute_router.training.prm.prm_report import Kind
from research.results.tree_search import Beside
from research.results.versus import Versus, routed

__all__ = ["arms", "by_bin", "by_price", "prm", "trees", "versus"]


def prm(kinds: Sequence[Kind]) -> Iterator[str]:
    """The PRM beside the log-probabilities, by kind of problem."""
    columns = [f"{kind.kind} ({kind.problems} problems, {kind.paths:,} samples)" for kind in kinds]
    yield from _head(["", *columns])
    yield _row(["AUROC within problems", *(_estimate(kind.prm.auroc) for kind in kinds)])
    yield _row(["of samples that state an answer", *(_estimate(kind.prm.auroc_answered) for kind in kinds)])
    yield _row(["after half of the steps", *(_estimate(kind.halfway) for kind in kinds)])
    yield _row(["AUROC of the log-probability", *(_estimate(kind.baseline.auroc) for kind in kinds)])
    sizes = [{one.n for one in kind.prm.selected} for kind in kinds]
    for n in [one.n for one in kinds[0].prm.selected if all(one.n in known for known in sizes)]:
        chosen = [one for kind in kinds for one in kind.prm.selected if one.n == n]
        rivals = [one for kind in kinds for one in kind.baseline.selected if one.n == n]
        yield _row([f"n = {n}: pass@1", *(f"{one.pass_at_1.mean:.3f}" for one in chosen)])
        yield _row([f"n = {n}: majority", *(f"{one.vote.mean:.3f}" for one in chosen)])
        yield _row([f"n = {n}: any right", *(f"{one.oracle.mean:.3f}" for one in chosen)])
        for name, ones in (("PRM", chosen), ("log-probability", rivals)):
            over = [_estimate(one.weighted_over_vote, "+") for one in ones]
            yield _row([f"n = {n}: weighted vote by {name} over majority", *over])
            over = [_estimate(one.best_over_vote, "+") for one in ones]
            yield _row([f"n = {n}: best-of-n by {name} over majority", *over])
    yield _row(["calibration error at the end", *(f"{kind.ece_final:.3f}" for kind in kinds)])


def arms(judged: Judged) -> Iterator[str]:
    """Every fixed arm, by tokens."""
    yield from _head(["arm", "accuracy", "95 %", "tokens a problem"])
    for name, score in sorted(judged.arms.items(), key=lambda one: one[1].tokens + one[1].prm_tokens):
        tokens = score.tokens + score.prm_tokens
        interval = _interval(score.intervals["accuracy"])
        yield _row([f"`{name}`", f"{score.accuracy:.3f}", interval, f"{tokens:,.0f}"])


def by_price(section: Section) -> Iterator[str]:
    """The router, the fixed arm that was best on the other folds, the paper's rule and the oracles."""
    yield from _head(
        ["price", "policy", "accuracy", "tokens", "utility", "over best fixed", "95 %", "gap closed"]
    )
    for judged in section.judged:
        closed = "none to close" if judged.gap_closed is None else f"{judged.gap_closed:.0%}"
        for name, score in judged.policies.items():
            mine = name == "router"
            yield _row(
                [
                    f"{judged.price.value:g}",
                    f"**{name}**" if mine else name,
                    f"{score.accuracy:.3f}",
                    f"{score.tokens + score.prm_tokens:,.0f}",
                    f"{score.utility:.3f}",
                    f"{judged.difference:+.4f}" if mine else "",
                    _interval(judged.difference_interval, "+") if mine else "",
                    closed if mine else "",
                ]
            )


def versus(found: Sequence[Versus]) -> Iterator[str]:
    head = "fixed arm, its accuracy, its tokens, price, router, difference, 95 %, share of its tokens, 95 %"
    yield from _head(head.split(", "))
    for one in found:
        yield _row(
            [
                f"`{one.arm}`",
                f"{one.arm_accuracy:.3f}",
                f"{one.arm_tokens:,.0f}",
                " / ".join(f"{price.value:.3g}" for price in one.prices),
                f"{one.accuracy:.3f}",
                f"{one.difference:+.4f}",
                _interval(one.difference_interval, "+"),
                f"{one.share:.3f}",
                _interval(one.share_interval),
            ]
        )


def trees(found: Sequence[Beside]) -> Iterator[str]:
    head = "tree search, difficulty, problems, accuracy, of the vote, difference, 95 %, tokens, of the vote"
    yield from _head(head.split(", "))
    for one in found:
        yield _row(
            [
                f"`{one.arm}`",
                one.bin,
                f"{one.problems:.0f}",
                f"{one.accuracy:.3f}",
                f"{one.vote:.3f}",
                f"{one.difference:+.3f}",
                _interval(one.interval, "+"),
                f"{one.tokens:,.0f}",
                f"{one.vote_tokens:,.0f}",
            ]
        )


def by_bin(contest: Contest, section: Section, references: Sequence[str]) -> Iterator[str]:
    """Accuracy and tokens in each measured bin: the router at each price, and some fixed arms."""
    matrix, bin_P = contest.matrix, true_bins(contest.matrix)
    outcomes = Outcomes.of(matrix)
    rows = [(f"router at {one.price.value:g}", *routed(contest, one.price)) for one in section.judged]
    for arm in references:
        at = matrix.arms_A.index(arm)
        paid_P = outcomes.tokens[:, at] + outcomes.prm_tokens[:, at]
        rows.append((f"`{arm}`", outcomes.accuracy[:, at], paid_P))
    counts = np.bincount(bin_P, minlength=len(BINS))
    yield from _head(["", *(f"{name} ({n})" for name, n in zip(BINS, counts, strict=True))])
    for name, accuracy_P, tokens_P in rows:
        cells = [
            f"{accuracy_P[bin_P == at].mean():.3f}, {tokens_P[bin_P == at].mean():,.0f}"
            if counts[at]
            else "-"
            for at in range(len(BINS))
        ]
        yield _row([name, *cells])


def _estimate(one: Estimate | None, sign: str = "") -> str:
    if one is None:
        return "-"
    return f"{one.mean:{sign}.3f} {_interval(one.interval, sign)} ({one.problems})"


def _interval(interval: Interval, sign: str = "") -> str:
    low, high = interval
    return f"[{low:{sign}.3f}, {high:{sign}.3f}]"


def _head(cells: Sequence[str]) -> Iterator[str]:
    yield _row(cells)
    yield _row(["---"] * len(cells))


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
