from __future__ import annotations

import json
import random
import zlib
from pathlib import Path

import numpy as np
import pytest

from compute_router import difficulty
from compute_router.difficulty import Ability, PolicyModel
from compute_router.difficulty.logistic import sigmoid
from compute_router.errors import InputError
from compute_router.training.difficulty.corpus import Annotated, Corpus, Graded, corpus, identity
from compute_router.training.difficulty.metrics import auroc, calibration_error, spearman
from compute_router.training.difficulty.out_of_fold import crossfit
from compute_router.training.difficulty.scale import expected, log_likelihood
from research.difficulty import command, log_sources
from research.difficulty.fit_predictor import Fit, fit
from research.difficulty.law import fit_law
from research.difficulty.predictor_report import held_out_logits, report
from research.difficulty.rollouts import read_rollouts
from support.places import ROOT, SHARED

DATA = SHARED / "data"

ABILITIES = {
    f"model-{size}b": value for size, value in zip((1, 3, 9, 27, 81), (-2, -1, 0, 1, 2), strict=True)
}
PARAMS = {name: int(name[6:-1]) * 10**9 for name in ABILITIES}
NOISE = 0.8
LONER, LONER_ABILITY = "loner-1b", -0.7
"""Answers only problems that no other model does, as our own rollouts may."""


def _sum(rng: random.Random) -> tuple[str, float]:
    """A sum and the difficulty that its length gives it, before the noise that no text shows."""
    terms = rng.randint(2, 9)
    return f"Compute {' + '.join(str(rng.randint(10, 99)) for _ in range(terms))}.", (terms - 5.5) * 0.9


def _simulated(seed: int) -> tuple[list[Graded], dict[str, float]]:
    rng, truth, answers = random.Random(seed), {}, []
    for i in range(500):
        text, mean = _sum(rng)
        truth[text] = rng.gauss(mean, NOISE)
        models = ABILITIES if i % 5 else {LONER: LONER_ABILITY}
        for model, ability in models.items():
            p = sigmoid(ability - truth[text])
            answers.append(Graded(text, model, 8, sum(rng.random() < p for _ in range(8)), "simulated"))
    return answers, truth


@pytest.fixture(scope="module")
def simulated() -> tuple[Corpus, dict[str, float]]:
    answers, truth = _simulated(3)
    return corpus(answers, params=PARAMS), truth


@pytest.fixture(scope="module")
def fitted(simulated: tuple[Corpus, dict[str, float]]) -> Fit:
    return fit(simulated[0], seed=0)


def test_the_simulated_abilities_are_recovered(fitted: Fit) -> None:
    known = fitted.predictor.abilities.known
    found = np.array([known[m].value for m in ABILITIES])
    true = np.array(list(ABILITIES.values()))
    # The scale has no zero of its own: only differences of abilities mean something.
    assert found - found.mean() == pytest.approx(true - true.mean(), abs=0.35)
    assert known[LONER].value - found.mean() == pytest.approx(LONER_ABILITY, abs=0.4)


def test_the_simulated_scale_is_recovered(fitted: Fit) -> None:
    assert fitted.scale.discrimination == pytest.approx(1, abs=0.25)
    assert fitted.scale.residual == pytest.approx(NOISE, abs=0.3)


def test_difficulty_of_new_texts_is_recovered(fitted: Fit) -> None:
    rng = random.Random(99)
    texts, truth = zip(*(_sum(rng) for _ in range(200)), strict=True)
    predicted = [p.b for p in fitted.predictor.predict(texts, PolicyModel("model-9b", 9 * 10**9))]
    assert spearman(np.array(predicted), np.array(truth)) > 0.95


def test_bins_of_new_texts_are_calibrated(fitted: Fit) -> None:
    rng = random.Random(5)
    model = PolicyModel("model-9b", 9 * 10**9)
    texts, truth = zip(*(_sum(rng) for _ in range(1500)), strict=True)
    predictions = fitted.predictor.predict(texts, model)
    rate = np.array([sigmoid(ABILITIES["model-9b"] - rng.gauss(b, NOISE)) for b in truth])
    ones = np.ones(len(rate))
    easy = np.array([p.distribution.easy for p in predictions])
    hard = np.array([p.distribution.hard for p in predictions])
    mean = np.array([p.distribution.pass_at_1 for p in predictions])
    assert calibration_error(easy, (rate >= 0.5).astype(float), ones) < 0.08
    assert calibration_error(hard, (rate < 0.1).astype(float), ones) < 0.08
    assert calibration_error(mean, rate, ones) < 0.06


def test_held_out_predictions_beat_the_base_rate(
    fitted: Fit, simulated: tuple[Corpus, dict[str, float]]
) -> None:
    problems, _ = simulated
    assert _gain_over_base_rate(problems, fitted) > 0.5
    lines = list(report(problems, fitted.held_out))
    assert any(line.startswith("ECE of pass@1, all answers") for line in lines)
    assert any("log-loss" in line and "base rate" in line for line in lines)


def test_a_fold_does_not_see_its_own_answers(simulated: tuple[Corpus, dict[str, float]]) -> None:
    answers, _ = _simulated(3)
    held_out = crossfit(simulated[0], seed=0)
    texts = {
        identity(text) for text, fold in zip(simulated[0].texts, held_out.fold_P, strict=True) if fold == 2
    }
    flipped = [
        Graded(a.problem, a.policy_model, a.n, a.n - a.n_correct, a.source)
        if identity(a.problem) in texts
        else a
        for a in answers
    ]
    again = crossfit(corpus(flipped, params=PARAMS), seed=0)
    of_fold = held_out.fold_P == 2
    assert np.array_equal(held_out.b_P[of_fold], again.b_P[of_fold])
    assert not np.allclose(held_out.b_P[~of_fold], again.b_P[~of_fold])


def test_the_fit_is_repeatable(fitted: Fit) -> None:
    answers, _ = _simulated(3)
    assert fit(corpus(answers, params=PARAMS), seed=0).predictor == fitted.predictor


def test_annotations_teach_words_that_no_answer_has() -> None:
    rng = random.Random(1)
    level_of = {f"{a}{b}": rng.randint(1, 5) for a in "bdfgklmn" for b in ("ab", "er", "ix", "on", "ut")}
    answered, unanswered = list(level_of)[:30], list(level_of)[30:]

    def text(word: str, i: int) -> str:
        return f"Consider the {word} numbered {'x' * i}."

    answers = [
        Graded(
            text(word, i),
            model,
            8,
            sum(rng.random() < sigmoid(ability + 3 - level_of[word]) for _ in range(8)),
            "s",
        )
        for word in answered
        for i in range(4)
        for model, ability in ABILITIES.items()
    ]
    notes = [Annotated(text(word, i), "s", level=level_of[word]) for word in level_of for i in range(10, 20)]
    model = fit(corpus(answers, notes, PARAMS), seed=0).predictor.text
    predicted = np.array([model.estimate(text(word, 5)).b for word in unanswered])
    assert spearman(predicted, np.array([level_of[word] for word in unanswered], dtype=float)) > 0.6


def test_the_law_finds_slope_and_family_and_says_how_unsure_it_is() -> None:
    rng = random.Random(2)
    known, params = {}, {}
    for offset, name in ((0.0, "plain"), (1.5, "keen")):
        for size in (1, 2, 4, 8, 16, 32, 64):
            model = f"{name}-{size}b"
            params[model] = size * 10**9
            known[model] = Ability(np.log10(size * 1e9) * 2 - 18 + offset + rng.gauss(0, 0.1), 0.1, "logs")
    law = fit_law(known, params)
    assert law.slope == pytest.approx(2, abs=0.15)
    assert law.offsets["keen"] - law.offsets["plain"] == pytest.approx(1.5, abs=0.4)
    assert 0.05 < law.family_sd < 0.5 < law.sd
    assert fit_law(dict(list(known.items())[:2]), params).offsets == {}


def test_a_problem_is_its_text_without_white_space() -> None:
    rows = [Graded("a  b", "Org/M-1B", 1, 1, "x"), Graded("a b\n", "m-1b.gguf", 3, 0, "y")]
    problems = corpus(rows)
    assert (problems.n_A.tolist(), problems.k_A.tolist()) == ([4], [1])
    assert problems.sources_P == (frozenset({"x", "y"}),)


ROW = {"problem": "1+1", "policy_model": "M-1B", "params": 10**9, "n": 4, "n_correct": 3}


def test_rollouts_are_read(tmp_path: Path) -> None:
    path = tmp_path / "rollouts.jsonl"
    path.write_text(json.dumps(ROW) + "\n\n" + json.dumps(ROW | {"seed": 1}) + "\n")
    assert [row.n_correct for row in read_rollouts(path)] == [3, 3]


@pytest.mark.parametrize(
    "row",
    [
        "{",
        json.dumps(ROW | {"n_correct": 5}),
        json.dumps(ROW | {"n": 0, "n_correct": 0}),
        json.dumps({k: v for k, v in ROW.items() if k != "params"}),
        json.dumps(ROW | {"params": "half a billion"}),
    ],
)
def test_a_broken_rollout_is_named_by_its_line(tmp_path: Path, row: str) -> None:
    path = tmp_path / "rollouts.jsonl"
    path.write_text(f"{json.dumps(ROW)}\n{row}\n")
    with pytest.raises(InputError, match=r"rollouts\.jsonl, line 2: "):
        list(read_rollouts(path))


def test_metrics_on_worked_examples() -> None:
    assert auroc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True])) == pytest.approx(0.75)
    predicted, observed = np.array([0.05, 0.05, 0.95]), np.array([0.0, 0.3, 1.0])
    assert calibration_error(predicted, observed, np.ones(3)) == pytest.approx((0.2 + 0.05) / 3)


def _gain_over_base_rate(problems: Corpus, fitted: Fit) -> float:
    """Nats a row by which held-out predictions beat one pass@1 for everything."""
    mean, sd = held_out_logits(problems, fitted.held_out)
    assert np.all((expected(mean, sd) > 0) & (expected(mean, sd) < 1))
    n, k = problems.n_A, problems.k_A
    rate = k.sum() / n.sum()
    base = k * np.log(rate) + (n - k) * np.log1p(-rate)
    return float((log_likelihood(mean, sd, n, k) - base).mean())


@pytest.mark.shared
@pytest.mark.skipif(not DATA.is_dir(), reason="needs the sample data beside the checkout")
def test_real_logs_are_learned_from() -> None:
    def some(text: str, one_in: int) -> bool:
        return zlib.crc32(identity(text).encode()) % one_in == 0

    graded = [row for row in log_sources.graded(DATA) if some(row.problem, 3)]
    annotated = [note for note in log_sources.annotated(DATA) if some(note.problem, 12)]
    problems = corpus(graded, annotated)
    result = fit(problems, seed=0)
    assert _gain_over_base_rate(problems, result) > 0.05
    matrices = problems.from_source("gsm8k") | problems.from_source("math-l5")
    rate = np.bincount(problems.problem_A, problems.k_A, len(matrices)) / np.maximum(
        1, np.bincount(problems.problem_A, problems.n_A, len(matrices))
    )
    assert -spearman(result.held_out.b_P[matrices], rate[matrices]) > 0.6


@pytest.mark.shared
@pytest.mark.skipif(not DATA.is_dir(), reason="needs the sample data beside the checkout")
def test_every_source_is_joined() -> None:
    problems = command.read(DATA, [], [])
    assert {"llama-3.2-1b-instruct", "llama-3.2-3b-instruct-awq", "qwen2.5-1.5b-instruct"} < set(
        problems.models
    )
    assert problems.from_source(log_sources.MATH500_PROBLEMS).sum() == 500
    assert problems.from_source("gsm8k").sum() == 1319
    assert np.all(problems.k_A <= problems.n_A)


def test_the_shipped_file_names_its_data() -> None:
    directory = ROOT / "configs" / "difficulty"
    manifest = json.loads((directory / "manifest.json").read_text())
    names = {entry["name"] for entry in manifest["provenance"]["data"]}
    assert names >= set(log_sources.FILES)
    # What the project judges itself on is not in it.
    assert "--without held-out --without held-out-1.5b " in manifest["provenance"]["command"]
    assert difficulty.load(directory).abilities.known.keys() > {
        "qwen2.5-7b-instruct",
        "llama-3.2-1b-instruct",
    }


def test_of_a_workload_left_out_neither_answers_nor_notes_are_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    held, kept = "How many  pears?", "How many plums?"
    rows = tmp_path / "rollouts.jsonl"
    rollout = {"policy_model": "tiny", "params": 10**9, "n": 4, "n_correct": 1}
    rows.write_text("".join(json.dumps({"problem": text, **rollout}) + "\n" for text in (held, kept)))
    monkeypatch.setattr(command, "workload", lambda name, data: [{"id": name, "problem": "How many pears?"}])
    monkeypatch.setattr(
        log_sources, "graded", lambda data: iter([Graded(t, "m", 1, 1, "gsm8k") for t in (held, kept)])
    )
    monkeypatch.setattr(
        log_sources, "annotated", lambda data: iter([Annotated(t, "gsm8k", steps=2) for t in (held, kept)])
    )
    assert set(command.read(tmp_path, [rows], []).texts) == {held, kept}
    assert set(command.read(tmp_path, [rows], ["held-out"]).texts) == {kept}
