r"""The final answer that a solution states."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute_router.policies import extract_answer
from compute_router.policies.answer import MAX_ANSWER_CHARS


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"so \boxed{42}.", "42"),
        (r"\boxed{ 42 }", "42"),
        (r"\boxed {42}", "42"),
        (r"\fboxed{42}", "42"),
        (r"\\boxed{42}", "42"),
        (r"\boxed 7", "7"),
        (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{\text{a {b} c}}", r"\text{a {b} c}"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        (r"\boxed{a \}", None),
        (r"\boxed{1 \\ 2 \\}", r"1 \\ 2 \\"),
        (r"\boxed{1} and then \boxed{2}", "2"),
        (r"\boxed{\boxed{5}}", "5"),
        (r"} \boxed{3} }", "3"),
        (r"\boxed{1} and then \boxed{2", "1"),
        (r"{ \boxed{1", None),
        (r"The answer is 9. \boxed{2", "9"),
        (r"\boxed{}", None),
        (r"I put it into \boxed{}. The answer is 5.", "5"),
        ("3 + 4 = 7\n#### 7", "7"),
        ("#### 1\n#### 2\nthat was it", "2"),
        ("####", None),
        ("The answer is 3.5.", "3.5"),
        ("The final answer is: $12$", "12"),
        ("Answer: **x = 4**", "x = 4"),
        ("the answer is 1. No, the answer is 2. Sure.", "2"),
        ("it is 17", None),
        ("an answerable question is 3", None),
        ("", None),
        ("#### 1 #### 2", "2"),
        ("########", None),
        (r"#### 5 but \boxed{6}", "6"),
    ],
)
def test_by_hand(text: str, answer: str | None) -> None:
    assert extract_answer(text) == answer


def test_an_over_long_answer_is_none() -> None:
    most, more = "1" * MAX_ANSWER_CHARS, "1" * (MAX_ANSWER_CHARS + 1)
    assert extract_answer(rf"\boxed{{{most}}}") == most
    assert extract_answer(rf"\boxed{{{more}}}") is None
    assert extract_answer(rf"\boxed{{1}} \boxed{{{more}}}") == "1"
    assert extract_answer(f"#### {more}") is None
    assert extract_answer(f"The answer is {more}") is None


BITS = [
    "\\",
    "boxed",
    "\\boxed{",
    "\\boxed ",
    "{",
    "}",
    "\\{",
    "\\}",
    "####",
    " ",
    "\n",
    "answer is",
    ":",
    ".",
    "7",
]


@given(st.one_of(st.text(), st.lists(st.sampled_from(BITS), max_size=30).map("".join)))
@settings(max_examples=200, deadline=None)
def test_any_text_has_an_answer_within_it_or_none(text: str) -> None:
    answer = extract_answer(text)
    if answer is not None:
        assert answer == answer.strip() != ""
        assert len(answer) <= MAX_ANSWER_CHARS
        assert answer in text


@given(
    st.recursive(
        st.sampled_from(["1", "x", r"\{", r"\}"]),
        lambda t: t.map("{{{}}}".format) | st.tuples(t, t).map("".join),
    )
)
@settings(max_examples=100, deadline=None)
def test_balanced_contents_come_out_whole(content: str) -> None:
    assert extract_answer(rf"thus \boxed{{{content}}} as claimed }} {{") == content


@pytest.mark.parametrize(
    "bit",
    [
        "\\boxed{",
        "\\boxed ",
        "\\boxed{{",
        "{",
        "}",
        "\\",
        "#",
        "#### ",
        "answer ",
        "answer is ",
        "answer:",
        " ",
        "\n",
    ],
)
@pytest.mark.parametrize("head", ["", "\\boxed", "\\boxed{", "answer is", "####"])
def test_a_long_text_takes_no_time(head: str, bit: str) -> None:
    text = head + bit * (300_000 // len(bit))
    start = time.process_time()
    extract_answer(text)
    assert time.process_time() - start < 2.0  # a quadratic pattern takes minutes
