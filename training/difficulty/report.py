"""How well the predictor does on problems it has not seen: 5 folds by problem text.

The text model, the abilities and, for the calibrated figures, the scale too are fitted without the
fold that is scored.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from difficulty.bins import BINS, Distribution, bin_of
from training.difficulty.corpus import Corpus, Floats, Mask
from training.difficulty.crossfit import FOLDS, CrossFit
from training.difficulty.metrics import auroc, calibration_error, log_loss, spearman
from training.difficulty.regression import predicted_levels
from training.difficulty.scale import expected, fit_scale, logits
from training.difficulty.sources import MATH500_PROBLEMS, MATH_TRAIN

__all__ = ["MANY", "held_out_logits", "report"]

MANY = 8
"""From so many samples on, a measured pass@1 is given a bin of its own."""


def report(corpus: Corpus, held_out: CrossFit) -> Iterator[str]:
    """The figures, a line each."""
    answered, solve_rate = corpus.answered_P, _solve_rate(corpus)
    gsm8k, level5, math500 = (corpus.from_source(s) for s in ("gsm8k", "math-l5", "math500"))
    for name, where in (
        ("GSM8K + MATH level 5", gsm8k | level5),
        ("within MATH level 5", level5),
        ("within GSM8K", gsm8k),
        ("within MATH-500", math500),
        ("within our rollouts", corpus.from_source("rollouts")),
    ):
        if (where & answered).any():
            rho = -spearman(held_out.b_P[where & answered], solve_rate[where & answered])
            yield f"Spearman of b with the solve rate, {name}: {rho:.3f} (n={(where & answered).sum()})"
    yield from _levels(corpus)
    mean, sd = held_out_logits(corpus, held_out)
    yield from _probabilities(corpus, mean, sd)
    yield from _bins(corpus, mean, sd)


def held_out_logits(corpus: Corpus, held_out: CrossFit) -> tuple[Floats, Floats]:
    """Mean and sd of logit pass@1 for each row of answers, nothing of it fitted on the row's fold."""
    mean, sd = (np.empty(len(corpus.n_A)) for _ in range(2))
    fold_A = held_out.fold_P[corpus.problem_A]
    for fold in range(FOLDS):
        scale = fit_scale(corpus, held_out, fold_A != fold)
        fold_mean, fold_sd = logits(scale, held_out, corpus.problem_A)
        mean[fold_A == fold], sd[fold_A == fold] = fold_mean[fold_A == fold], fold_sd[fold_A == fold]
    return mean, sd


def _solve_rate(corpus: Corpus) -> Floats:
    P = len(corpus.texts)
    n = np.bincount(corpus.problem_A, corpus.n_A, P)
    rate: Floats = np.bincount(corpus.problem_A, corpus.k_A, P) / np.maximum(1, n)
    return rate


def _levels(corpus: Corpus) -> Iterator[str]:
    """How well levels alone, of MATH's training problems, order those of MATH-500."""
    test = corpus.from_source(MATH500_PROBLEMS)
    train = corpus.from_source(MATH_TRAIN) & ~test
    if test.any() and train.any():
        predicted = predicted_levels(corpus, train, test)
        rho = spearman(predicted, corpus.level_P[test])
        yield f"Spearman with the levels of MATH-500, learned on MATH train: {rho:.3f} (n={test.sum()})"


def _probabilities(corpus: Corpus, mean: Floats, sd: Floats) -> Iterator[str]:
    predicted, observed = expected(mean, sd), corpus.k_A / corpus.n_A
    for name, rows in _groups(corpus):
        error = calibration_error(predicted[rows], observed[rows], corpus.n_A[rows])
        yield (
            f"ECE of pass@1, {name}: {error:.3f} "
            f"(predicted {np.average(predicted[rows], weights=corpus.n_A[rows]):.3f}, "
            f"measured {np.average(observed[rows], weights=corpus.n_A[rows]):.3f}, rows={rows.sum()})"
        )


def _bins(corpus: Corpus, mean: Floats, sd: Floats) -> Iterator[str]:
    many = corpus.n_A >= MANY
    if not many.any():
        return
    measured = [bin_of(p) for p in corpus.k_A[many] / corpus.n_A[many]]
    bins = np.array([BINS.index(b) for b in measured])
    ahead = [Distribution.of_logit(m, s) for m, s in zip(mean[many], sd[many], strict=True)]
    given = np.array([[d.easy, d.medium, d.hard] for d in ahead])
    base = np.bincount(bins, minlength=len(BINS)) / len(bins)
    hits = np.mean([d.label == b for d, b in zip(ahead, measured, strict=True)])
    yield (
        f"Bins of pairs with {MANY} or more samples: log-loss {log_loss(given, bins):.3f} against "
        f"{-float(base @ np.log(np.maximum(base, 1e-12))):.3f} of the base rate, "
        f"accuracy {hits:.3f} against {base.max():.3f} (rows={len(bins)}, "
        + ", ".join(f"{name} {share:.2f}" for name, share in zip(BINS, base, strict=True))
        + ")"
    )
    for i, name in enumerate(BINS):
        error = calibration_error(given[:, i], (bins == i).astype(float), np.ones(len(bins)))
        line = f"P({name}) of the same pairs: ECE {error:.3f}"
        yield line + (f", AUROC {auroc(given[:, i], bins == i):.3f}" if name != "medium" else "")


def _groups(corpus: Corpus) -> Iterator[tuple[str, Mask]]:
    yield "all answers", np.ones(len(corpus.n_A), dtype=bool)
    for source in ("gsm8k", "math-l5", "math500", "rollouts"):
        rows = corpus.from_source(source)[corpus.problem_A]
        if rows.any():
            yield source, rows
