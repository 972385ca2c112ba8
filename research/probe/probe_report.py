"""The figures, as Markdown tables: text alone, probe alone and both."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from compute_router.difficulty.probe import Probe
from research.probe.priors import Priors
from research.probe.probe_figures import figures
from research.probe.reroute_gain import paying
from research.probe.sampled_problem import Sampled
from research.probe.trial import METHODS, Trial
from research.probe.vote_allocation import gaps

__all__ = ["arms", "report"]

BUDGETS = (3, 4, 6)
"""Samples a problem, on average."""

_HEAD = ("sweep", "k", "told by", "problems", "loss", "bias", "ECE pass@1", "ECE easy", "ECE hard",
         "AUROC easy", "AUROC hard")  # fmt: skip
_GAPS = (
    "sweep",
    "samples",
    "tokens",
    "allocated by",
    "accuracy",
    "over uniform",
    "95 %",
    "gap closed",
    "95 %",
)

_ARMS = ("sweep", "arm", "tokens", "accuracy", "over uniform", "95 %")


def report(trials: Sequence[Trial]) -> Iterator[str]:
    """A line at a time. Sweeps with a single k appear in the pooled row of that k too."""
    yield from _rule(_HEAD)
    names = list(dict.fromkeys(one.sweep for one in trials))
    for k in sorted({one.k for one in trials}):
        for name in ("pooled", *names):
            some = [one for one in trials if one.k == k and name in ("pooled", one.sweep)]
            for method in METHODS if some else ():
                f = figures(some, method)
                numbers = (f.ece, f.ece_easy, f.ece_hard, f.auroc_easy, f.auroc_hard)
                yield _row(
                    name, str(k), method, str(f.problems), f"{f.loss:.4f}", f"{f.bias:+.3f}",
                    *("-" if math.isnan(x) else f"{x:.3f}" for x in numbers),
                )  # fmt: skip
    yield ""
    yield from _rule(_GAPS)
    sweeps = {name: [one for one in trials if one.sweep == name] for name in names}
    for name in ("pooled", *names):
        for samples in BUDGETS:
            for one in gaps(list(sweeps.values()) if name == "pooled" else [sweeps[name]], samples):
                closed = (f"{one.closed:+.2f}", _range(one.closed_interval, "+.2f"))
                yield _row(
                    name, str(samples), f"{one.tokens:.0f}", one.method, f"{one.accuracy:.4f}",
                    f"{one.gain:+.4f}", _range(one.gain_interval, "+.4f"),
                    *(("-", "-") if math.isnan(one.closed) else closed),
                )  # fmt: skip


def arms(sweeps: Mapping[str, Sequence[Sampled]], given: Mapping[str, Priors], probe: Probe) -> Iterator[str]:
    """Re-routing by the likeliest bin, a line at a time. Two numbers of `probe` were fitted to the same
    samples."""
    yield ""
    yield from _rule(_ARMS)
    for name, problems in sweeps.items():
        for one in paying(problems, given[name].text_P, probe):
            yield _row(
                name, one.arm, f"{one.tokens:.0f}", f"{one.accuracy:.4f}", f"{one.gain:+.4f}",
                _range(one.interval, "+.4f"),
            )  # fmt: skip


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _rule(head: Sequence[str]) -> Iterator[str]:
    yield _row(*head)
    yield "|" + "---|" * len(head)


def _range(interval: tuple[float, float], form: str) -> str:
    return f"[{interval[0]:{form}}, {interval[1]:{form}}]"
