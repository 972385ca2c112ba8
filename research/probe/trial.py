"""Every way to tell a problem's difficulty, each judged on problems that it was not fitted to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from compute_router.difficulty.probe import EWENS
from compute_router.training.evaluation.folds import FOLDS
from compute_router.training.outcomes.outcome_matrix import Floats, Ints
from research.probe.fit_probe import After, after, fit, prior_cells
from research.probe.priors import Priors
from research.probe.sampled_problem import Sampled
from research.probe.subsample_likelihood import looks

__all__ = ["FEW", "METHODS", "Trial", "seen", "trials"]

METHODS = ("text", "probe", "both", "unfitted")
"""The text alone; k samples of a problem of which only the average of its sweep is known; text and samples;
the same with nothing fitted."""
FEW = (1, 2, 4)
"""Samples of a probe."""


@dataclass(frozen=True, eq=False)
class Trial:
    """One sweep with probes of k samples. `after_LG[method]`: what each look leads to, mass by interval of
    pass@1 (compute_router.difficulty.posterior)."""

    sweep: str
    problems: Sequence[Sampled]
    fold_P: Ints
    seen: After
    after_LG: Mapping[str, Floats]

    @property
    def k(self) -> int:
        return self.seen.looks.k


def seen(
    problems: Sequence[Sampled], given: Priors, ks: Sequence[int] = FEW, *, text: bool = True
) -> list[After]:
    """All looks of k samples, for each k that leaves some, with what was believed before."""
    able = [k for k in ks if any(len(one.paths_N) > k for one in problems)]
    prior_PG = prior_cells(given.text_P if text else given.average_P)
    prm = next((one.prm for one in problems if one.prm is not None), None)
    found = [looks(problems, k) for k in able]
    return [After(one, prior_PG[one.problem_L], prm, 1 / len(able)) for one in found]


def trials(
    sweeps: Mapping[str, Sequence[Sampled]], given: Mapping[str, Priors], ks: Sequence[int] = FEW
) -> list[Trial]:
    """Cross-fitted over all sweeps together: the probe that judges a fold was fitted to the others."""
    parts = [(name, one) for name, some in sweeps.items() for one in seen(some, given[name], ks)]
    names, by_text = [name for name, _ in parts], [one for _, one in parts]
    by_average = [
        replace(one, prior_LG=prior_cells(given[name].average_P)[one.looks.problem_L]) for name, one in parts
    ]
    out_K = [given[name].fold_P[one.looks.problem_L] for name, one in parts]
    found = {method: [np.zeros_like(one.prior_LG) for one in by_text] for method in ("probe", "both")}
    for fold in range(FOLDS):
        for method, cases in (("probe", by_average), ("both", by_text)):
            probe = fit([one.rows(out_L != fold) for one, out_L in zip(cases, out_K, strict=True)])
            for one, out_L, result in zip(cases, out_K, found[method], strict=True):
                at = out_L == fold
                result[at] = after(probe, one.rows(at))
    return [
        Trial(
            name,
            sweeps[name],
            given[name].fold_P,
            one,
            {
                "text": one.prior_LG,
                "probe": found["probe"][i],
                "both": found["both"][i],
                "unfitted": after(EWENS, one),
            },
        )
        for i, (name, one) in enumerate(zip(names, by_text, strict=True))
    ]
