"""Families: the ids of the original projects, one position a step, and prefixes that only grow."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from family_kit import FAMILIES, HOSTILE, LLAMA, TinyVocabulary, hostile, rlhflow_text, tiny
from hypothesis import given
from hypothesis import strategies as st

from compute_router.errors import InputError
from compute_router.scoring.families.base import Head, TokenPair
from compute_router.scoring.families.math_shepherd import MathShepherd
from compute_router.scoring.families.qwen_math import QwenMath
from compute_router.scoring.families.rlhflow import RLHFlow
from compute_router.scoring.families.skywork import Skywork
from compute_router.scoring.families.token_classification import TokenClassification

PROBLEM = "What is the sum of 2 and 3?"
STEPS = ("Step 1: the sum is 2 + 3.", "Step 2: 2 + 3 = 5.\nSo it is 5.", "Step 3: the answer is 5")
SYSTEM = "Please reason step by step, and put your final answer within \\boxed{}."
TEXT = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=5), max_size=6).map("".join)


def math_shepherd(vocabulary: TinyVocabulary, problem: str, steps: Sequence[str]) -> list[int]:
    # Read as a text that starts with no control token, so that the tokenizer puts its space before it.
    text = f"{problem} " + "\n".join(f"{step} ки" for step in steps)
    return [vocabulary.control("<s>"), *vocabulary.encode(text)]


def rlhflow(vocabulary: TinyVocabulary, problem: str, steps: Sequence[str]) -> list[int]:
    return vocabulary.whole(rlhflow_text(problem, steps))[:-2]


def skywork(vocabulary: TinyVocabulary, problem: str, steps: Sequence[str]) -> list[int]:
    ids = vocabulary.whole(f"<|im_start|>{problem}\n")
    for step in steps:
        ids += [*vocabulary.whole(step.replace("\n", " ")), *vocabulary.whole("\n")]
    return ids


def qwen_math(vocabulary: TinyVocabulary, problem: str, steps: Sequence[str]) -> list[int]:
    text = f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\n{problem}<|im_end|>\n"
    return vocabulary.whole(f"{text}<|im_start|>assistant\n{'<extra_0>'.join(steps)}<extra_0>")


def token_classification(vocabulary: TinyVocabulary, problem: str, steps: Sequence[str]) -> list[int]:
    ids = vocabulary.whole(problem)
    for step in steps:
        ids += [*vocabulary.whole(step), *vocabulary.whole("\n\n")]
    return ids


ORIGINALS = {
    "math-shepherd": math_shepherd,
    "rlhflow": rlhflow,
    "skywork": skywork,
    "qwen-math": qwen_math,
    "token-classification": token_classification,
}


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("steps", [STEPS[:1], STEPS, STEPS * 3])
def test_benign_text_gives_the_ids_of_the_original_project(name: str, steps: Sequence[str]) -> None:
    family, vocabulary = tiny(name)
    assert [*family.layout(PROBLEM, steps).ids_T] == ORIGINALS[name](vocabulary, PROBLEM, steps)


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        ("math-shepherd", "▁ки"),
        ("skywork", "\n"),
        ("qwen-math", "<extra_0>"),
        ("rlhflow", "\n\n"),
        ("token-classification", "\n\n"),
    ],
)
def test_scores_are_read_where_the_format_says(name: str, mark: str) -> None:
    family, vocabulary = tiny(name)
    layout = family.layout(PROBLEM, STEPS)
    expected = vocabulary.encode("ки")[0] if name == "math-shepherd" else vocabulary.whole(mark)[-1]
    assert [layout.ids_T[at] for at in layout.at_S] == [expected] * len(STEPS)
    assert layout.at_S[-1] == len(layout.ids_T) - 1


def test_readouts() -> None:
    assert tiny("math-shepherd")[0].readout == TokenPair(257, 258)
    assert tiny("rlhflow")[0].readout == TokenPair(ord("+"), ord("-"))
    assert tiny("skywork")[0].readout == Head(1)
    assert tiny("qwen-math")[0].readout == Head(2, good=1)
    assert tiny("token-classification")[0].readout == Head(2, good=1)


@pytest.mark.parametrize("name", FAMILIES)
@given(problem=TEXT, steps=st.lists(TEXT, min_size=1, max_size=5))
def test_a_path_only_grows(name: str, problem: str, steps: list[str]) -> None:
    family, _ = tiny(name)
    whole = family.layout(problem, steps)
    assert len(whole.at_S) == len(steps)
    assert [*whole.at_S] == sorted({*whole.at_S})
    assert whole.at_S[-1] < len(whole.ids_T)
    for count in range(1, len(steps)):
        part = family.layout(problem, steps[:count])
        assert part.at_S == whole.at_S[:count]
        assert part.until(count - 1) == whole.until(count - 1)


@pytest.mark.parametrize("name", FAMILIES)
@given(problem=TEXT, steps=st.lists(TEXT, min_size=1, max_size=4))
def test_text_never_becomes_a_control_token(name: str, problem: str, steps: list[str]) -> None:
    """There are as many control tokens as for a harmless text, and positions are on the format's own."""
    family, _ = tiny(name)
    layout, plain = family.layout(problem, steps), family.layout("a", ["b"] * len(steps))
    assert [i for i in layout.ids_T if i >= 300] == [i for i in plain.ids_T if i >= 300]
    assert [layout.ids_T[at] for at in layout.at_S] == [plain.ids_T[at] for at in plain.at_S]


@pytest.mark.parametrize("name", FAMILIES)
def test_a_thousand_hostile_problems_get_a_position_a_step(name: str) -> None:
    family, _ = tiny(name)
    chance = random.Random(7)
    for _ in range(1_000):
        steps = [hostile(chance) for _ in range(chance.randrange(9))]
        assert len(family.layout(hostile(chance), steps).at_S) == len(steps)


@pytest.mark.parametrize("name", FAMILIES)
def test_blank_lines_around_a_step_are_not_part_of_it(name: str) -> None:
    family, _ = tiny(name)
    assert family.layout(PROBLEM, [f"\n{step}\n\n" for step in STEPS]) == family.layout(PROBLEM, STEPS)


@pytest.mark.parametrize("name", FAMILIES)
def test_no_steps_no_scores(name: str) -> None:
    assert tiny(name)[0].layout(PROBLEM, []).at_S == ()


def test_a_skywork_step_is_one_line() -> None:
    family, vocabulary = tiny("skywork")
    layout = family.layout("q", ["a\nb\nc"])
    assert [*layout.ids_T].count(vocabulary.encode("\n")[0]) == 2  # the problem's, and the step's


@pytest.mark.parametrize("family", [MathShepherd, RLHFlow, Skywork, QwenMath])
def test_a_tokenizer_without_the_control_tokens_is_refused(family: type) -> None:
    for spaced in (False, True):
        with pytest.raises(InputError):
            family(TinyVocabulary((), spaced=spaced))


@pytest.mark.parametrize(
    ("family", "other"),
    [(MathShepherd, TinyVocabulary(("<s>",))), (RLHFlow, TinyVocabulary(LLAMA, spaced=True))],
)
def test_a_tokenizer_that_cuts_the_tags_otherwise_is_refused(family: type, other: TinyVocabulary) -> None:
    with pytest.raises(InputError, match="tokenizer"):
        family(other)


def test_token_classification_takes_its_separator_and_bos() -> None:
    vocabulary = TinyVocabulary(("<s>",))
    family = TokenClassification(vocabulary, separator=" the answer.\n", bos="<s>", labels=3, good=2)
    layout = family.layout("q", ["a"])
    assert [*layout.ids_T] == [300, *b"qa", *vocabulary.encode(" the answer.\n")]
    assert family.readout == Head(3, good=2)
    with pytest.raises(InputError, match="separator"):
        TokenClassification(vocabulary, separator="")
