"""The predictor fitted again to one user's sweep, in seconds.

What it starts from is a predictor that ships: its text model's prediction is the prior mean of each
difficulty, and a ridge on the terms and the shape of the sweep's own texts learns how they depart from it, as
far as that helps on texts held out. Then the scale (how far predictions are to be stretched, how unsure they
are) is fitted to predictions of texts that they have not seen, and the abilities of the sweep's models to
those. All parts are linear in the text, so the result is one `TextModel` again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from compute_router.difficulty.ability import Abilities, Ability, PolicyModel
from compute_router.difficulty.bins import Distribution
from compute_router.difficulty.predictor import Predictor
from compute_router.difficulty.text import TextModel
from compute_router.training.difficulty.corpus import Corpus, Floats, Mask
from compute_router.training.difficulty.correction import PENALTIES, Design, design
from compute_router.training.difficulty.out_of_fold import FOLDS, CrossFit
from compute_router.training.difficulty.scale import Scale, fit_scale
from compute_router.training.difficulty.standing import Answers, settle, standing
from compute_router.training.difficulty.sweep_answers import Evidence, evidence, model_of
from compute_router.training.difficulty.working import Working, working
from compute_router.training.outcomes.outcome_matrix import OutcomeMatrix

__all__ = ["bins", "model_of", "refit"]

_UNSURE = 0.5
"""Logits. A known ability holds for the prompts, sampling and checking of the logs that it came from."""
_PULL = 8.0
"""The scale's logarithms lie within about a quarter of those of the base."""


def refit(matrices: Sequence[OutcomeMatrix], base: Predictor, *, seed: int = 0) -> Predictor:
    """`base` fitted to the plain samples of a sweep; where a matrix has none, to its cheapest arm as one
    answer a problem.

    Without any answer `base` comes back. Deterministic; `seed` decides the folds and nothing else.
    """
    found = evidence(matrices)
    prior = {name: _prior(base, model) for name, model in found.models.items()}
    fitted = _texts(found.texts, base, prior, seed) if len(found.texts.n_A) else None
    scale = Scale(base.discrimination, base.text.residual, 1.0, 0.0) if fitted is None else fitted.scale
    text = base.text if fitted is None else fitted.text
    stands = {}
    for name in found.models:
        parts = [*_known(found, fitted, name), *_unknown(found, text, name)]
        if parts:
            answers = Answers(*(np.concatenate(column) for column in zip(*parts, strict=True)))
            stands[name] = standing(answers, scale.discrimination, prior[name].value)
    settled, shift = settle(stands, prior)
    shifted = replace(text, intercept=text.intercept + shift, centre=text.centre + shift)
    known = {**base.abilities.known, **settled}
    return replace(
        base,
        text=shifted,
        abilities=Abilities(known, base.abilities.law),
        discrimination=scale.discrimination,
    )


def bins(predictor: Predictor, texts_P: Sequence[str | None], model: PolicyModel) -> Floats:
    """(P, 3): the probabilities of easy, medium and hard. Of a problem without a text only the spread of all
    difficulties is known."""
    given = [p for p, text in enumerate(texts_P) if text is not None]
    ability, text = predictor.abilities.of(model), predictor.text
    a = predictor.discrimination
    average = Distribution.of_logit(
        a * (ability.value - text.centre), a * float(np.hypot(text.spread, ability.sd))
    )
    rows = np.tile([average.easy, average.medium, average.hard], (len(texts_P), 1))
    predicted = predictor.predict([text for text in texts_P if text is not None], model)
    for p, one in zip(given, predicted, strict=True):
        rows[p] = one.distribution.easy, one.distribution.medium, one.distribution.hard
    return rows


@dataclass(frozen=True, slots=True)
class _Fitted:
    """`text`: of everything, calibrated. `b_P`, `familiar_P`: of texts held out, calibrated too."""

    text: TextModel
    scale: Scale
    b_P: Floats
    familiar_P: Floats


def _texts(corpus: Corpus, base: Predictor, prior: dict[str, Ability], seed: int) -> _Fitted:
    room = design(corpus, base.text)
    start_M = np.array([prior[name].value for name in corpus.models])
    all_P = np.ones(len(corpus.texts), dtype=bool)

    def work(visible_P: Mask) -> Working:
        a, residual = base.discrimination, base.text.residual
        rows_A = visible_P[corpus.problem_A]
        return working(corpus, rows_A, room.b_P, start_M, discrimination=a, residual=residual)

    whole = work(all_P)
    held_out, penalty = _held_out(corpus, room, work, whole, seed)
    near = Scale(base.discrimination, base.text.residual, 1.0, 0.0)
    scale = fit_scale(corpus, held_out, np.ones(len(corpus.n_A), dtype=bool), near, _PULL / len(corpus.n_A))
    line = room.solve(whole.z_P, whole.variance_P, penalty, all_P)
    text = scale.calibrated(room.folded(line))
    return _Fitted(text, scale, scale.shift + scale.stretch * held_out.b_P, room.familiar_P)


def _held_out(
    corpus: Corpus, room: Design, work: Callable[[Mask], Working], whole: Working, seed: int
) -> tuple[CrossFit, float]:
    """Each text as predicted without its fold, under the penalty that predicts best; and that penalty."""
    fold_P = corpus.folds(FOLDS, seed)
    b_NP = np.empty((len(PENALTIES), len(corpus.texts)))
    ability, ability_sd = np.empty(len(corpus.n_A)), np.empty(len(corpus.n_A))
    for fold in range(FOLDS):
        out_P = fold_P == fold
        rest = work(~out_P)
        for i, penalty in enumerate(PENALTIES):
            line = room.solve(rest.z_P, rest.variance_P, penalty, ~out_P)
            b_NP[i, out_P] = room.predict(line)[out_P]
        out_A = out_P[corpus.problem_A]
        ability[out_A] = rest.ability_M[corpus.model_A[out_A]]
        ability_sd[out_A] = rest.ability_sd_M[corpus.model_A[out_A]]
    told = np.isfinite(whole.variance_P)
    misses_N = ((whole.z_P - b_NP) ** 2 / whole.variance_P)[:, told].sum(axis=1)
    best = int(np.argmin(misses_N))
    spread = np.full(len(corpus.texts), room.text.spread)
    return CrossFit(fold_P, b_NP[best], room.familiar_P, spread, ability, ability_sd), PENALTIES[best]


def _prior(base: Predictor, model: PolicyModel) -> Ability:
    ability = base.abilities.of(model)
    return replace(ability, sd=max(ability.sd, _UNSURE))


def _known(found: Evidence, fitted: _Fitted | None, name: str) -> Iterator[tuple[Floats, ...]]:
    """b, sd, n and k of the model's answers to problems with a text."""
    corpus = found.texts
    if fitted is None or name not in corpus.models:
        return
    rows = corpus.model_A == corpus.models.index(name)
    p = corpus.problem_A[rows]
    familiar, text = fitted.familiar_P[p], fitted.text
    sd = np.sqrt(familiar * text.residual**2 + (1 - familiar) * text.spread**2)
    yield fitted.b_P[p], sd, corpus.n_A[rows], corpus.k_A[rows]


def _unknown(found: Evidence, text: TextModel, name: str) -> Iterator[tuple[Floats, ...]]:
    """The same of problems without."""
    if name in found.others:
        n, k = found.others[name]
        yield np.full(len(n), text.centre), np.full(len(n), text.spread), n, k
