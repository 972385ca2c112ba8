"""The arrays of a batch say what a slow and obvious reading of each text says, whatever is read with it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from difficulty_reference import bins_of, estimate_of, shape_of, terms_of
from hypothesis import given, settings
from hypothesis import strategies as st

from compute_router.difficulty import PolicyModel, Predictor, block, reader
from compute_router.difficulty.features import SHAPE, extract
from compute_router.difficulty.text import TextModel
from support.places import ROOT, SHARED

PROBLEMS = SHARED / "data" / "problems"
MODEL = PolicyModel("Qwen2.5-Coder-0.5B-Instruct", 494_032_768)

DEMO = [
    json.loads(line)["problem"]
    for line in (ROOT / "configs" / "problems" / "demo.jsonl").read_text("utf-8").splitlines()
]
LATEX = [
    r"Let $f(x) = \frac{x^2 - 4}{x - 2}$ for $x \ne 2$. What is $f(3) \cdot f(-3)$?",
    r"Find \[\sum_{k=1}^{100} \left( \frac{1}{k} - \frac{1}{k+1} \right),\] as a common fraction.",
    r"$((3 \times 4) \div 2) + [7 - 1] \le 2^{10}$",
    r"\Delta \delta \Delta \\frac \1 $\$5.00$ 50\% (((())))) ((",
    "1,234.5 + 6.7.8 − 9, 10 · ½ ² ٣ ÷ 2 × 4 3 + 4 5 - 6 - 7 + + 8",
    "Percent percent PERCENT %% $ 3 percent.",
    "((((((((((((",
    "The 3.50 of 12.",
]
PIECES = [
    *("the", "How", "many", "of", "a", "x", "Percent", "percent", "Compute", "is", "sum", "that the"),
    *("3", "27", "1,234", "3.50", "٣", "²", "½", "0.", ",5", "12345678901"),
    *("+", "-", "−", "*", "/", "×", "÷", "·", "^", "=", "<", ">", "%", "$", ".", "?", "!"),
    *("(", ")", "[", "]", "{", "}", "\\frac", "\\times", "\\le", "\\Delta", "\\delta", "\\", "\\\\"),
    *("İ", "K", "ſ", "Σ", "水", "\ud800", "\0", "\x1c", "\u3000", "\n", " "),
]
texts = st.one_of(
    st.text(st.characters(), max_size=80),
    st.builds(str.join, st.sampled_from(["", " "]), st.lists(st.sampled_from(PIECES), max_size=60)),
    st.sampled_from([*DEMO, *LATEX]),
)


def is_as_in_the_reference(predictor: Predictor, problems: list[str]) -> None:
    ability = predictor.abilities.of(MODEL)
    features = extract(problems)
    predictions = predictor.predict(problems, MODEL)
    assert len(features) == len(predictions) == len(problems)
    for text, seen, predicted in zip(problems, features, predictions, strict=True):
        assert seen.terms == terms_of(text)
        assert dict(zip(SHAPE, seen.shape, strict=True)) == shape_of(text)
        b, b_sd = estimate_of(predictor.text, text, SHAPE)
        assert (predicted.b, predicted.b_sd) == pytest.approx((b, b_sd), rel=1e-12, abs=1e-12)
        bins = predicted.distribution
        expected = bins_of(predictor, b, b_sd, ability)
        assert (bins.easy, bins.medium, bins.hard, bins.pass_at_1) == pytest.approx(expected, abs=1e-12)


@given(st.lists(texts, max_size=6))
@settings(max_examples=150, deadline=None)
def test_every_batch_is_read_as_the_reference_reads_it(shipped: Predictor, problems: list[str]) -> None:
    is_as_in_the_reference(shipped, problems)


def test_real_and_crafted_texts_are_read_as_the_reference_reads_them(shipped: Predictor) -> None:
    long = " ".join(DEMO * 4)
    is_as_in_the_reference(shipped, [*DEMO, *LATEX, long, long + "1 + 2 " * 2000, "(" * 10**4, "7" * 10**4])


@pytest.mark.shared
@pytest.mark.skipif(not PROBLEMS.exists(), reason="needs the sample data beside the checkout")
@pytest.mark.parametrize(("file", "field"), [("gsm8k_test.jsonl", "question"), ("math500.jsonl", "problem")])
def test_data_sets_are_read_as_the_reference_reads_them(shipped: Predictor, file: str, field: str) -> None:
    rows = [json.loads(line)[field] for line in (PROBLEMS / file).read_text("utf-8").splitlines()]
    is_as_in_the_reference(shipped, random.Random(0).sample(rows, 200))


@given(st.lists(texts, max_size=8))
@settings(max_examples=60, deadline=None)
def test_a_prediction_is_the_same_alone_to_the_last_bit(shipped: Predictor, problems: list[str]) -> None:
    together = shipped.predict(problems, MODEL)
    assert together == [shipped.predict([problem], MODEL)[0] for problem in problems]


def _small_blocks(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(block, "_CHARS", 100)


def _forgetful(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reader, "_REMEMBERED", -1)


@pytest.mark.parametrize("differently", [_small_blocks, _forgetful])
def test_neither_blocks_nor_memory_change_a_bit(
    shipped: Predictor, monkeypatch: pytest.MonkeyPatch, differently: Callable[[pytest.MonkeyPatch], None]
) -> None:
    problems = ["", *DEMO, *LATEX, ""]
    before = shipped.predict(problems, MODEL)
    differently(monkeypatch)
    assert shipped.predict(problems, MODEL) == before
    assert shipped.predict(problems[::-1], MODEL) == before[::-1]


def test_threads_may_share_a_predictor(shipped: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = shipped.predict(LATEX, MODEL)
    _forgetful(monkeypatch)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: shipped.predict(LATEX, MODEL), range(40)))
    assert all(one == expected for one in found)


def test_terms_that_no_text_can_hold_weigh_nothing(small: Predictor) -> None:
    odd = dict.fromkeys(("", " ", "  ", "a ", "a  ", " a", "a  b", "sum ", "A", "27", "a b c"), (1.0, 100.0))
    for text in ("", " ", "sum 27 a b c A", "水"):
        plain = _with_terms(small, {"sum": (1.0, 2.0)}).estimate(text)
        assert _with_terms(small, {"sum": (1.0, 2.0)} | odd).estimate(text) == plain


def test_a_model_without_terms_knows_no_word(small: Predictor) -> None:
    estimate = _with_terms(small, {}).estimate("How many?")
    assert (estimate.b, estimate.sd) == (small.text.centre, small.text.spread)


def _with_terms(predictor: Predictor, terms: dict[str, tuple[float, float]]) -> TextModel:
    text = predictor.text
    return TextModel(terms, text.shape, text.intercept, text.centre, text.residual, text.spread)


def test_what_was_read_is_not_remembered_for_ever(
    shipped: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(block, "_CHARS", 1_000)
    monkeypatch.setattr(reader, "_REMEMBERED", 100)
    shipped.predict([f"{'x' * i} y" for i in range(1, 2_000)], MODEL)
    assert len(shipped.text._reader._codes) < 1_200
