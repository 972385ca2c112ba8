"""Calculations in a text are found, judged exactly, and nothing else is taken for one."""

from __future__ import annotations

import random
import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compute_router.scoring.arithmetic import equations

STATED = [
    ("601 - 572 = 39", [False]),
    ("- 6 - 8 = -2", [True]),
    ("2. Subtract 8: \\(6 - 8 = -2\\).", [True]),
    ("\\[ \\frac{400}{4} = 100 \\]", [True]),
    ("1\\frac{1}{2} * 2 = 3", [True]),
    ("so 3 x 4 = 12 apples", [True]),
    ("\\(2 \\text{ showers/day} \\times 4 \\text{ days} = 8 \\text{ showers}\\)", [True]),
    ("3 apples + 4 apples = 8 apples", [False]),
    ("Total = 14 + 42 + 14 = 70", [True]),
    ("2 - 7 = 2 - 3 = -1", [False, True]),
    ("5 + 3 = 8 + 2 = 10", [True, True]),
    ("2 - 7 = 4 - 3 = 1", [False, True]),
    ("10 / 3 = 3.33", [True]),
    ("10 / 3 = 3.34", [True]),
    ("10 / 3 = 3.4", [True]),
    ("10 / 3 = 3.5", [False]),
    ("10 / 3 = 3", [None]),
    ("370 cups / 110 cups = 3.363... bags", [True]),
    ("20% * 50 = $10", [True]),
    ("He paid \\$1,200 * 2 = \\$2,400.", [True]),
    ("(5+3)*2 = 16 and 5(3) = 15", [True, True]),
    ("Now 4 * 5 = 20 and 6 + 6 = 13", [True, False]),
    ("**Sum**: 4 · 5 ≈ 20", [True]),
    ("the change is -5 + 3 = -2", [True]),
]

NOT_STATED = [
    "",
    "= 5",
    "12 = 3 * 4",
    "x = 5",
    "a + 3 = 5",
    "2x + 60 = 100",
    "49 - 3ab = 42",
    "\\( x + (4x - 13) + (4x - 8) = 339 \\)",
    "\\frac{5}{6}S + \\frac{6}{6}S = 165",
    "3 * 4 = 12 - x",
    "Total - 3 = 5",
    "New position: 1st - 5 = 6th",
    "Cost = 3 * price = 6",
    "Then 5 minus 3 = 2",
    "1/0 = 3",
    "5 + 3 == 9",
    "7! / 5! = 42",
]


@pytest.mark.parametrize(("text", "right"), STATED)
def test_calculations_are_judged(text: str, right: list[bool | None]) -> None:
    assert [one.is_right for one in equations(text)] == right


@pytest.mark.parametrize("text", NOT_STATED)
def test_what_is_no_calculation_is_left_alone(text: str) -> None:
    assert list(equations(text)) == []


@given(
    st.lists(st.integers(0, 9999), min_size=2, max_size=8),
    st.integers(0, 2**31),
    st.sampled_from(
        ["{} = {}", "So \\({} = {}\\).", "\\[\n{} = {}\n\\]", "3. Then we have: {} = {} cookies"]
    ),
    st.sampled_from([0, 0, 1, -7, 1000]),
)
def test_any_sum_or_product_is_right_by_its_value(
    numbers: list[int], seed: int, frame: str, wrong_by: int
) -> None:
    signs = random.Random(seed).choices(["+", "-", "*", "\\times"], k=len(numbers) - 1)
    written = " ".join([str(numbers[0]), *(f"{s} {n}" for s, n in zip(signs, numbers[1:], strict=True))])
    value = eval(written.replace("\\times", "*"))
    # The first number again would go on from it.
    if value + wrong_by == numbers[0] and wrong_by:
        return
    [one] = equations(frame.format(written, value + wrong_by))
    assert one.is_right is (wrong_by == 0)
    assert one.result == value + wrong_by
    assert [operand.number for operand in one.operands] == numbers


def test_operands_carry_the_sign_before_them() -> None:
    [one] = equations("-5 + 3 - 2 * 4 / 8 = -3")
    assert [(o.sign, o.number) for o in one.operands] == [
        ("-", 5), ("+", 3), ("-", 2), ("*", 4), ("/", 8),
    ]  # fmt: skip
    assert one.result == Fraction(-3)


@given(st.text(alphabet="0123456789+-*/()=%. \n\\{}$,xabfrct", max_size=300))
def test_no_text_is_an_error(text: str) -> None:
    list(equations(text))


MANY = 5000


@pytest.mark.parametrize(
    "text",
    [
        "(" * MANY + "1 = 1",
        "1 + " * MANY + "1 = 5001",
        "-" * MANY + "1 = 1",
        "9" * MANY + " + 1 = 1",
        "\\frac{" * MANY,
    ],
)
def test_hostile_text_takes_no_time(text: str) -> None:
    start = time.process_time()
    list(equations(text))
    assert time.process_time() - start < 5
