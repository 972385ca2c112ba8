"""How well the predictor does on problems it has not seen: 5 folds by problem text.

The text model, the abilities and, for the calibrated figures, the scale too are fitted without the
fold that is scored.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from compute_router.difficulty.bins import BINS, Distribution, bin_of
from compute_router.training.difficulty.corpus import Corpus, Floats, Mask
from compute_router.training.difficulty.metrics import auroc, calibration_error, log_loss, spearman
from compute_router.training.difficulty.out_of_fold import FOLDS, CrossFit
from compute_router.training.difficulty.regression import predicted_levels
from compute_router.training.difficulty.scale import expected, fit_scale, logits
from research.difficulty.encoder import Encoder, encode
from research.difficulty.levels import figures, level_probabilities
from research.difficulty.log_sources import MATH500_PROBLEMS, MATH_TRAIN
from research.difficulty.unseen import unseen

__all__ = ["MANY", "held_out_logits", "report"]

MANY = 8
"""From so many samples on, a measured pass@1 is given a bin of its own."""


def report(
    corpus: Corpus, held_out: CrossFit, seed: int = 0, encoder: Encoder | None = None
) -> Iterator[str]:
    """The figures, a line each; those that the project holds itself to end in their bound. `encoder`: see
    encoder.py."""
    answered, solve_rate = corpus.answered_P, _solve_rate(corpus)
    gsm8k, level5, math500 = (corpus.from_source(s) for s in ("gsm8k", "math-l5", "math500"))
    for name, where, bound in (
        ("GSM8K + MATH level 5", gsm8k | level5, 0.70),
        ("within MATH level 5", level5, 0.45),
        ("within GSM8K", gsm8k, 0.25),
        ("within MATH-500", math500, None),
        ("within our rollouts", corpus.from_source("rollouts"), None),
    ):
        if (some := where & answered).any():
            rho = -spearman(held_out.b_P[some], solve_rate[some])
            line = f"Spearman of b with the solve rate, {name}: {rho:.3f}"
            yield f"{line} (n={some.sum()}){_held(rho, bound)}"
    yield from _levels(corpus, encoder)
    yield from _unseen(corpus, seed)
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


def _held(value: float, bound: float | None, *, below: bool = False) -> str:
    """The bound, and whether the value keeps it."""
    if bound is None:
        return ""
    kept = value <= bound if below else value >= bound
    return f"  [{'<=' if below else '>='} {bound:.2f}: {'kept' if kept else 'MISSED'}]"


def _levels(corpus: Corpus, encoder: Encoder | None) -> Iterator[str]:
    """How well texts and levels alone, of MATH's training problems, tell the levels of MATH-500."""
    test = corpus.from_source(MATH500_PROBLEMS)
    train = corpus.from_source(MATH_TRAIN) & ~test
    if not (test.any() and train.any()):
        return
    name = "Levels of MATH-500, learned on MATH train"
    levels = corpus.level_P[test].astype(int)
    rho = spearman(predicted_levels(corpus, train, test), corpus.level_P[test])
    yield f"{name}, the line that is an auxiliary head of what ships: Spearman {rho:.3f} (n={test.sum()})"
    texts, others = ([corpus.texts[p] for p in np.flatnonzero(some)] for some in (train, test))
    given: list[tuple[str, tuple[Floats, Floats] | None]] = [("two models of words, not shipped", None)]
    if encoder is not None:
        given.append(
            ("with a sentence encoder, not shipped", (encode(texts, encoder), encode(others, encoder)))
        )
    for kind, vectors in given:
        found = level_probabilities(texts, corpus.level_P[train].astype(int), others, vectors)
        for what, value, bound in zip(_LEVEL_FIGURES, figures(found, levels), _LEVEL_BOUNDS, strict=True):
            yield f"{name}, {kind}: {what} {value:.3f}{_held(value, bound)}"


_LEVEL_FIGURES, _LEVEL_BOUNDS = ("Spearman", "AUC of level >= 4", "exact"), (0.62, 0.82, 0.42)


def _unseen(corpus: Corpus, seed: int) -> Iterator[str]:
    for one in unseen(corpus, ("gsm8k", "math-l5"), seed):
        error = one.error_MD.mean(axis=1)
        bound = _held(float(error.mean()), 0.06, below=True) if one.answers == 40 else ""
        yield (
            f"ECE of pass@1 of a model never seen, {one.answers} answers: mean {error.mean():.3f}, "
            f"90th percentile {np.quantile(error, 0.9):.3f} over {len(error)} models, "
            f"{one.error_MD.shape[1]} draws each (chance alone {one.floor_MD.mean():.3f}){bound}"
        )


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
