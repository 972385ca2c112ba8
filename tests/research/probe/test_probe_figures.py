"""Calibration, order and allocation, on problems whose pass@1 is known."""

from __future__ import annotations

import random

import numpy as np
import pytest
from probe_kit import drawn

from compute_router.difficulty import Distribution
from compute_router.difficulty.posterior import POINTS, cells
from compute_router.training.outcomes.outcome_matrix import Floats
from research.probe.priors import Priors
from research.probe.probe_figures import figures
from research.probe.trial import METHODS, Trial, trials
from research.probe.truth import auroc, chances, share_error
from research.probe.vote_allocation import gaps

P = np.array(POINTS)
EASY = P >= 0.5
PRIOR = Distribution.of_logit(-0.3, 2.2)


def counts(true_P: Floats, n: int, seed: int) -> Floats:
    return np.random.default_rng(seed).binomial(n, true_P).astype(float)


def test_a_group_is_deconvolved_not_counted() -> None:
    true_P = np.random.default_rng(0).choice(P, p=cells(PRIOR), size=4000)
    right = counts(true_P, 6, 1)
    found = chances(right, np.full(4000, 6.0), np.ones(4000))
    assert found.sum(axis=1) == pytest.approx(1)
    naive = (right / 6 >= 0.5).mean()
    share = (true_P >= 0.5).mean()
    assert found[:, EASY].sum(axis=1).mean() == pytest.approx(share, abs=0.02)
    assert abs(naive - share) > 0.03


def test_a_true_prediction_is_calibrated_and_a_bold_one_is_not() -> None:
    rng = np.random.default_rng(2)
    chance = rng.random(6000)  # of being easy
    true_P = np.where(rng.random(6000) < chance, 0.8, 0.2)
    n = np.full(6000, 8.0)
    right = counts(true_P, 8, 3)
    one = np.ones(6000)
    assert share_error(chance, EASY, right, n, one) < 0.03
    bold = np.clip(chance * 1.6 - 0.3, 0, 1)
    assert share_error(bold, EASY, right, n, one) > 0.08


def test_the_order_is_that_of_the_truth_behind_the_counts() -> None:
    rng = np.random.default_rng(4)
    chance = rng.random(6000)
    easy = rng.random(6000) < chance
    right = counts(np.where(easy, 0.8, 0.2), 6, 5)
    positive, negative = chance[easy], chance[~easy]
    true = np.mean(rng.choice(positive, 20000) > rng.choice(negative, 20000))
    found = auroc(chance, EASY, right, np.full(6000, 6.0), np.ones(6000))
    assert found == pytest.approx(true, abs=0.03)
    nothing = auroc(np.zeros(6000), EASY, right, np.full(6000, 6.0), np.ones(6000))
    assert nothing == pytest.approx(0.5)


@pytest.fixture(scope="module")
def judged() -> list[Trial]:
    """A text that knows something: the truth's logit with noise."""
    rng = random.Random(1)
    points = rng.choices(POINTS, cells(PRIOR), k=220)
    some = [drawn(str(i), p, 8, 8.0, rng) for i, p in enumerate(points)]
    text, spread = [], 2.2 / 2**0.5
    for p in points:
        logit = float(np.log(p / (1 - p)))
        seen = logit + rng.gauss(0, 2.2)  # as noisy as the prior is wide
        text.append(Distribution.of_logit((seen - 0.3) / 2, spread))
    fold = np.arange(220) % 5
    return trials({"toy": some}, {"toy": Priors(fold, tuple(text), (PRIOR,) * 220)}, (2, 4))


def test_text_and_samples_together_tell_most(judged: list[Trial]) -> None:
    for k in (2, 4):
        some = [one for one in judged if one.k == k]
        told = {method: figures(some, method) for method in METHODS}
        assert told["both"].loss < min(told["text"].loss, told["probe"].loss)
        assert told["both"].auroc_easy > max(told["text"].auroc_easy, told["probe"].auroc_easy)
        assert told["both"].ece < 0.06
        assert told["both"].problems == 220


def test_nothing_of_a_fold_is_in_its_own_fit(judged: list[Trial]) -> None:
    """Turning the answers of one fold round changes what is fitted for the others, not for it."""
    again = [
        drawn(one.name, 0.5, 8, 1.0, random.Random(int(one.name))) if int(one.name) % 5 == 0 else one
        for one in judged[0].problems
    ]
    given = Priors(judged[0].fold_P, (PRIOR,) * 220, (PRIOR,) * 220)
    [before] = trials({"toy": judged[0].problems}, {"toy": given}, (2,))
    [after] = trials({"toy": again}, {"toy": given}, (2,))

    def by_pattern(one: Trial, fold: int) -> dict[tuple[int, ...], Floats]:
        at = one.fold_P[one.seen.looks.problem_L] == fold
        keys = map(tuple, one.seen.looks.right_LC[at].tolist())
        return dict(zip(keys, one.after_LG["both"][at], strict=True))

    held, other = by_pattern(before, 0), by_pattern(after, 0)
    shared = held.keys() & other.keys()
    assert shared
    assert all(np.allclose(held[key], other[key]) for key in shared)
    seen, changed = by_pattern(before, 1), by_pattern(after, 1)
    assert any(not np.allclose(seen[key], changed[key], atol=1e-4) for key in seen.keys() & changed.keys())


def test_allocation_meets_the_budget_and_the_probe_pays_for_itself(judged: list[Trial]) -> None:
    found = {one.method: one for one in gaps([judged], 4)}
    assert found.keys() == {"uniform", "oracle", "text", "probe, k=2", "both, k=2"}  # k = 4 leaves nothing
    assert found["uniform"].gain == 0
    assert found["oracle"].gain > 0
    assert found["oracle"].closed == pytest.approx(1)
    assert found["both, k=2"].gain > 0
    for one in found.values():
        assert one.tokens == pytest.approx(400)
        assert one.gain_interval[0] - 1e-9 <= one.gain <= one.gain_interval[1] + 1e-9
        assert one.accuracy <= found["oracle"].accuracy + 0.02
    assert gaps([judged], 8) == []
