"""The figures that the report holds the predictor to, on simulated data whose answer is known."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from compute_router.difficulty import names
from compute_router.difficulty.logistic import sigmoid
from compute_router.training.difficulty.corpus import Annotated, Corpus, Graded, corpus
from compute_router.training.difficulty.metrics import spearman
from compute_router.training.difficulty.out_of_fold import crossfit
from research.difficulty import encoder, levels
from research.difficulty.annotations import annotated_predictor
from research.difficulty.predictor_report import report
from research.difficulty.unseen import ANSWERS, Unseen, unseen

NOISE = 0.7


def _sum(rng: random.Random) -> tuple[str, int]:
    terms = rng.randint(2, 9)
    return f"Compute {' + '.join(str(rng.randint(10, 99)) for _ in range(terms))}.", terms


def _corpus(count: int = 545, *, bias: float = 0.0) -> Corpus:
    """Eight models on so many sums, one answer each. Under `bias` every second model is the better by so many
    logits where a sum is long, and the worse where it is short: no single ability can say that."""
    rng = random.Random(4)
    answers = []
    for _ in range(count):
        text, terms = _sum(rng)
        b = rng.gauss((terms - 5.5) * 0.9, NOISE)
        for i in range(8):
            p = sigmoid(i / 2 - 2 - b + bias * (i % 2) * (1 if terms > 5 else -1))
            answers.append(Graded(text, f"model-{i}", 1, int(rng.random() < p), "gsm8k"))
    return corpus(answers)


@pytest.fixture(scope="module")
def found() -> list[Unseen]:
    return unseen(_corpus(), ("gsm8k",), seed=0)


@pytest.mark.slow
def test_a_stranger_is_predicted_better_the_more_answers_it_gives(found: list[Unseen]) -> None:
    assert [one.answers for one in found] == list(ANSWERS)
    mean = {one.answers: one.error_MD.mean() for one in found}
    assert all(one.error_MD.shape == (8, 10) for one in found)
    assert mean[40] < mean[10]
    assert 0.02 < found[-1].floor_MD.mean() < mean[40] < 0.09


@pytest.mark.slow
def test_what_one_ability_cannot_say_shows_in_the_error(found: list[Unseen]) -> None:
    uneven = unseen(_corpus(bias=3.0), ("gsm8k",), seed=0)
    assert uneven[-1].error_MD.mean() > found[-1].error_MD.mean() + 0.03


def test_too_few_answers_are_not_scored() -> None:
    rng = random.Random(1)
    few = [Graded(_sum(rng)[0], f"model-{i}", 1, i % 2, "gsm8k") for i in range(4) for _ in range(50)]
    assert unseen(corpus(few), ("gsm8k",), seed=0) == []


def _levelled(count: int, seed: int) -> tuple[list[str], np.ndarray[tuple[int], np.dtype[np.int64]]]:
    rng = random.Random(seed)
    level = [rng.randint(1, 5) for _ in range(count)]
    words = ["glim", "brod", "snark", "vorp", "quoz"]
    # The word lies by one level in one of four texts.
    shown = [words[min(4, max(0, n - 1 + rng.choice((0, 0, 0, rng.choice((-1, 1))))))] for n in level]
    return [f"Find the {word} of {rng.randint(2, 99)}." for word in shown], np.array(level)


def test_levels_are_learned_as_classes() -> None:
    texts, level = _levelled(600, seed=1)
    others, truth = _levelled(400, seed=2)
    given = levels.level_probabilities(texts, level, others)
    assert given.shape == (400, 5)
    assert given.sum(axis=1) == pytest.approx(np.ones(400))
    rho, area, exact = levels.figures(given, truth)
    assert rho > 0.88
    assert area > 0.94
    assert exact > 0.7


def test_vectors_tell_what_words_do_not() -> None:
    rng = np.random.default_rng(0)
    level, truth = np.tile(np.arange(1, 6), 40), np.tile(np.arange(1, 6), 20)
    same = [f"Find {i}." for i in range(200)], [f"Find {i}." for i in range(100)]
    seen, new = (np.eye(5)[one - 1] + rng.normal(0, 0.1, (len(one), 5)) for one in (level, truth))
    blind = levels.level_probabilities(same[0], level, same[1])
    assert (blind.argmax(axis=1) + 1 == truth).mean() < 0.3
    given = levels.level_probabilities(same[0], level, same[1], (seen, new))
    assert levels.figures(given, truth)[2] > 0.9


def test_figures_on_a_worked_example() -> None:
    given = np.array([[1, 0, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0.4, 0.6]], dtype=float)
    assert levels.figures(given, np.array([1, 2, 5])) == (1.0, 1.0, pytest.approx(2 / 3))


def test_an_encoder_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"model\.onnx is missing"):
        encoder.find(tmp_path)
    (tmp_path / "model.onnx").touch()
    with pytest.raises(FileNotFoundError, match=r"tokenizer\.json is missing"):
        encoder.find(tmp_path)
    (tmp_path / "tokenizer.json").touch()
    assert encoder.find(tmp_path).model == tmp_path / "model.onnx"
    monkeypatch.setattr(encoder, "find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="make encoder"):
        encoder.find()


def test_an_encoder_wants_its_libraries(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(encoder, "import_module", missing)
    with pytest.raises(ImportError, match="onnxruntime"):
        encoder.encode(["1 + 1"], encoder.Encoder(tmp_path / "model.onnx", tmp_path / "tokenizer.json"))


def test_bounds_are_printed_with_whether_they_are_kept() -> None:
    problems = _corpus(200)
    held_out = crossfit(problems, 0)
    lines = list(report(problems, held_out))
    assert any("within GSM8K" in line and line.endswith("[>= 0.25: kept]") for line in lines)
    held_out.b_P[:] = -held_out.b_P
    lines = list(report(problems, held_out))
    assert any("within GSM8K" in line and line.endswith("[>= 0.25: MISSED]") for line in lines)


def test_annotations_alone_order_problems() -> None:
    rng = random.Random(3)
    notes, truth = [], []
    for _ in range(300):
        text, terms = _sum(rng)
        notes.append(Annotated(text, "math-train", level=(terms + 1) // 2))
        truth.append(terms)
    predictor = annotated_predictor(notes)
    b = np.array([one.b for one in predictor.text.estimates([note.problem for note in notes])])
    assert spearman(b, np.array(truth, dtype=float)) > 0.9
    assert predictor.abilities.known == {}
    assert predictor.text.residual == 1.5


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("Qwen2.5-0.5B-Instruct", 500_000_000),
        ("Org/Meta-Llama-3.1-8B-Instruct-q4_0.gguf", 8_000_000_000),
        ("Mixtral-8x7B", 56_000_000_000),
        ("smol-135m", 135_000_000),
        ("gpt-4o", None),
        ("zero-0b", None),
    ],
)
def test_a_name_states_a_size(name: str, size: int | None) -> None:
    assert names.size(name) == size
