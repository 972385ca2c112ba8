from __future__ import annotations

import math
import random
import time
from dataclasses import replace

import numpy as np
import pytest

from compute_router import difficulty
from compute_router.difficulty import Ability, PolicyModel, Predictor, bin_of
from compute_router.difficulty.bins import BINS
from compute_router.difficulty.logistic import sigmoid
from compute_router.training.difficulty.corpus import Floats
from compute_router.training.difficulty.metrics import calibration_error, spearman
from compute_router.training.difficulty.refit import bins, model_of, refit
from compute_router.training.difficulty.standing import settle
from compute_router.training.difficulty.sweep_answers import evidence
from compute_router.training.outcomes.outcome_matrix import OutcomeMatrix
from support.places import ROOT

BASE = ROOT / "configs" / "difficulty-base"
ABILITY, NOISE = 0.5, 0.8
MODEL = PolicyModel("unheard-of-7b", 7_000_000_000)
WORDS = {"glim": -3.0, "brod": -1.5, "snark": 0.0, "vorp": 1.5, "quoz": 3.0}
"""Words that no data set holds, and the difficulty that each means here."""


@pytest.fixture(scope="module")
def base() -> Predictor:
    return difficulty.load(BASE)


def _problems(count: int, seed: int) -> tuple[list[str], Floats]:
    """Texts and pass@1 of the model."""
    rng = random.Random(seed)
    words = rng.choices(list(WORDS), k=count)
    texts = [f"How many {word} are in box {i} of {rng.randint(2, 99)}?" for i, word in enumerate(words)]
    return texts, np.array([sigmoid(ABILITY - rng.gauss(WORDS[word], NOISE)) for word in words])


def _matrix(
    texts: list[str] | list[str | None], right: Floats, samples: Floats, name: str = MODEL.name
) -> OutcomeMatrix:
    unknown = np.full((len(texts), 1), np.nan)
    return OutcomeMatrix(
        policy_model=name,
        params=MODEL.params,
        prm=None,
        prm_params=None,
        problems_P=tuple(map(str, range(len(texts)))),
        texts_P=tuple(texts),
        arms_A=("greedy",),
        accuracy_PA=(right / np.maximum(samples, 1))[:, None],
        tokens_PA=unknown,
        prm_tokens_PA=unknown,
        right_P=right,
        samples_P=samples,
    )


def _sweep(count: int, n: int, seed: int) -> OutcomeMatrix:
    texts, rate = _problems(count, seed)
    right = np.random.default_rng(seed).binomial(n, rate).astype(float)
    return _matrix(texts, right, np.full(count, float(n)))


@pytest.fixture(scope="module")
def swept() -> OutcomeMatrix:
    return _sweep(400, 8, seed=1)


@pytest.fixture(scope="module")
def fitted(swept: OutcomeMatrix, base: Predictor) -> Predictor:
    return refit([swept], base)


def test_what_only_the_sweep_knows_is_learned(base: Predictor, fitted: Predictor) -> None:
    texts, rate = _problems(500, seed=2)

    def rho(predictor: Predictor) -> float:
        return spearman(np.array([p.distribution.pass_at_1 for p in predictor.predict(texts, MODEL)]), rate)

    assert rho(base) < 0.2
    assert rho(fitted) > 0.85


@pytest.mark.parametrize("n", [1, 8])
def test_the_bins_of_new_texts_are_calibrated(base: Predictor, n: int) -> None:
    predictor = refit([_sweep(800, n, seed=3)], base)
    texts, rate = _problems(2000, seed=4)
    given = bins(predictor, texts, MODEL)
    assert given.shape == (2000, 3)
    assert given.sum(axis=1) == pytest.approx(np.ones(2000))
    measured = np.array([BINS.index(bin_of(p)) for p in rate])
    for i in range(3):
        error = calibration_error(given[:, i], (measured == i).astype(float), np.ones(2000))
        assert error < (0.08 if n > 1 else 0.15)  # one answer a problem says little of how pass@1 scatters
    mean = np.array([p.distribution.pass_at_1 for p in predictor.predict(texts, MODEL)])
    assert calibration_error(mean, rate, np.ones(2000)) < 0.06


def test_a_text_model_that_is_right_already_is_left_alone(base: Predictor) -> None:
    rng = random.Random(5)
    known = ["What is the sum of the angles?", "How many apples does Tom have?", "Find all real solutions."]
    texts = [f"{rng.choice(known)} {' '.join(rng.choices('abcdefgh', k=6))}" for _ in range(300)]
    ability = base.abilities.of(MODEL).value
    rate = [sigmoid(ability - rng.gauss(one.b, base.text.residual)) for one in base.text.estimates(texts)]
    right = np.random.default_rng(5).binomial(8, rate).astype(float)
    again = refit([_matrix(texts, right, np.full(300, 8.0))], base)
    before = np.array([e.b for e in base.text.estimates(texts)])
    after = np.array([e.b for e in again.text.estimates(texts)])
    model = again.abilities.of(MODEL)
    assert np.abs((model.value - after) - (ability - before)).mean() < 0.4
    assert again.text.residual * again.discrimination == pytest.approx(base.text.residual, rel=0.25)


def test_a_sweep_without_texts_still_places_its_model(base: Predictor) -> None:
    _, rate = _problems(300, seed=6)
    right = np.random.default_rng(6).binomial(4, rate).astype(float)
    again = refit([_matrix([None] * 300, right, np.full(300, 4.0))], base)
    given = bins(again, [None, "How many?", None], MODEL)
    assert given[0].tolist() == given[2].tolist() != given[1].tolist()
    [stranger] = again.predict(["水火風土"], MODEL)  # not a word that it knows
    assert stranger.distribution.pass_at_1 == pytest.approx(rate.mean(), abs=0.08)
    assert again.abilities.of(MODEL).sd < base.abilities.of(MODEL).sd
    assert again.text.terms == base.text.terms


def test_without_plain_samples_the_cheapest_arm_speaks() -> None:
    arms = _sweep(3, 4, seed=7)
    nothing = np.zeros(3)
    two = replace(
        arms,
        arms_A=("beam:n=16,m=4", "beam:n=4,m=4"),
        accuracy_PA=np.array([[1.0, 0.25], [1.0, np.nan], [0.0, 0.0]]),
        tokens_PA=np.array([[900.0, 90.0], [800.0, np.nan], [700.0, 80.0]]),
        prm_tokens_PA=np.zeros((3, 2)),
        right_P=nothing,
        samples_P=nothing,
    )
    found = evidence([two]).texts
    assert (found.n_A.tolist(), found.k_A.tolist()) == ([1, 1], [0.25, 0])
    unpriced = evidence([replace(two, tokens_PA=np.full((3, 2), np.nan))]).texts
    assert unpriced.k_A.tolist() == [0.25, 0]
    direct = replace(two, arms_A=("beam:n=16,m=4", "direct"), accuracy_PA=two.accuracy_PA / 2)
    assert evidence([direct]).texts.k_A.tolist() == [0.5, 0.5, 0]
    assert evidence([direct.columns(["direct"])]).texts.k_A.tolist() == [0.125, 0]


def test_the_same_samples_under_two_prms_count_once(swept: OutcomeMatrix, base: Predictor) -> None:
    twice = [swept, replace(swept, prm="some-prm")]
    assert refit(twice, base) == refit([swept], base)


def test_no_answers_leave_the_base(base: Predictor, swept: OutcomeMatrix) -> None:
    nothing = np.zeros(len(swept.texts_P))
    empty = replace(swept, right_P=nothing, samples_P=nothing, accuracy_PA=swept.accuracy_PA * np.nan)
    assert refit([], base) == base
    assert refit([empty], base) == base


@pytest.mark.parametrize("right", [0.0, 4.0])
def test_a_sweep_that_is_all_right_or_all_wrong_stays_finite(base: Predictor, right: float) -> None:
    texts, _ = _problems(60, seed=8)
    predictor = refit([_matrix(texts, np.full(60, right), np.full(60, 4.0))], base)
    rate = np.array([p.distribution.pass_at_1 for p in predictor.predict(texts, MODEL)])
    assert np.isfinite(rate).all()
    assert np.abs(rate - right / 4).max() < 0.15


def test_several_models_are_told_apart_and_known_ones_hold_their_place(base: Predictor) -> None:
    known = base.with_ability("old-hand-70b", Ability(3.0, 0.05, "logs"))
    texts, _ = _problems(300, seed=9)
    rng = np.random.default_rng(9)
    matrices = [
        _matrix(texts, rng.binomial(4, p, 300).astype(float), np.full(300, 4.0), name)
        for name, p in (("old-hand-70b", 0.5), ("newcomer-1b", 0.2))
    ]
    predictor = refit(matrices, known)
    old, new = (predictor.abilities.known[name] for name in ("old-hand-70b", "newcomer-1b"))
    assert new.value < old.value - 0.8
    # That a model known to be able is right half the time says that these problems are hard.
    shift = np.mean(
        [a.b - b.b for a, b in zip(*(p.text.estimates(texts) for p in (predictor, known)), strict=True)]
    )
    assert shift > 0.7
    assert old.value > 1.0


def test_ability_and_shift_are_shared_out_by_their_priors() -> None:
    sure, unsure = Ability(1.0, 0.01, "logs"), Ability(1.0, 100.0, "parameters")
    found = Ability(0.0, 0.01, "logs")
    settled, shift = settle({"m": found}, {"m": sure})
    assert (settled["m"].value, shift) == (pytest.approx(1, abs=0.01), pytest.approx(1, abs=0.01))
    settled, shift = settle({"m": found}, {"m": unsure})
    assert (settled["m"].value, shift) == (pytest.approx(0, abs=0.01), pytest.approx(0, abs=0.01))


def test_the_refit_is_repeatable_and_does_not_hang_on_the_order(
    swept: OutcomeMatrix, base: Predictor, fitted: Predictor
) -> None:
    assert refit([swept], base) == fitted
    order = np.random.default_rng(0).permutation(len(swept.texts_P))
    shuffled = refit([swept.rows(order)], base)
    given, again = (bins(p, swept.texts_P, MODEL) for p in (fitted, shuffled))
    assert given == pytest.approx(again, abs=0.01)


def test_a_few_hundred_problems_take_about_a_second(base: Predictor) -> None:
    sweep = _sweep(400, 8, seed=10)
    began = time.process_time()
    refit([sweep], base)
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("name", "params", "expected"),
    [
        ("m", 5, 5),
        ("Org/Some-Model-3B-Instruct", None, 3_000_000_000),
        ("tiny-350m", None, 350_000_000),
        ("mix-8x7b", None, 56_000_000_000),
        ("nameless", None, 7_000_000_000),
    ],
)
def test_a_size_that_is_not_given_is_read_off_the_name(
    swept: OutcomeMatrix, name: str, params: int | None, expected: int
) -> None:
    assert model_of(replace(swept, policy_model=name, params=params)).params == expected


def test_the_base_has_seen_no_outcome(base: Predictor) -> None:
    assert base.abilities.known == {}
    assert base.abilities.law.offsets == {}
    assert math.isclose(base.discrimination, 1)
