"""Equality of answers: what counts as the same, in classes and against a gold answer."""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compute_router.errors import GradingError
from compute_router.grading import Grader
from compute_router.grading.normal import MAX_ANSWER_BYTES, normalize, number
from support.places import SHARED

SHARED_MATH500 = SHARED / "data" / "problems" / "math500.jsonl"

SAME = [
    (r"\frac{1}{2}", "0.5"),
    (r"\frac12", "1/2"),
    ("1 1/2", "1.5"),
    (r"-1\frac{1}{2}", "-1.5"),
    ("1,000", "1000"),
    (r"10,\!000", "10000"),
    (r"10\,000", "10000"),
    ("1{,}000", "1000"),
    ("1e3", "1000"),
    (r"3.0 \times 10^2", "300"),
    (r"50\%", "0.5"),
    ("5 cm", "5"),
    (r"11.5 \text{ m}", "11.5"),
    (r"10\text{ cm}^2", "10"),
    (r"\$18", "18"),
    (r"$\$18$", "18"),
    ("$18.00", "18"),
    ("18 dollars", "18"),
    ("It is so. #### 42", "42"),
    (r"\boxed{42}.", "**42**"),
    (r"\[42\]", r"\(42\)"),
    (r"\boxed{\{1, 2\}}", r"\{2,1\}"),
    (r"\text{Evelyn}", "evelyn"),
    (r"\text{(A)}", "A"),
    (r"90^\circ", "90 degrees"),
    ("x = 5", "5"),
    ("(1, 2)", r"\left(1,2\right)"),
    (r"(-\infty, 3]", r"x \le 3"),
    (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}"),
    (r"2\sqrt{2}", r"\sqrt{8}"),
    ("x^2+2x+1", "(x+1)^2"),
    ("3+4i", "4i+3"),
    ("2π", r"2\pi"),
    ("2pi", r"2 \pi"),
]
DIFFERENT = [
    ("(1,2)", "(2,1)"),
    ("[1,2]", "(1,2)"),
    ("0.333333", "1/3"),
    ("1,00", "100"),
    ("listen", "silent"),
    ("Monday", "Tuesday"),
    ("Monday", "5"),
    ("A", "B"),
    ("p - q", "q - p"),
    ("5 million", "5"),
    ("2 and 3", "2"),
    ("$5$ and $6$", "5"),
    ("1/0", "2/0"),
    ("", "0"),
    ("\0", "5"),
    ("\ud800", "5"),
]


@pytest.fixture(scope="module")
def grader() -> Iterator[Grader]:
    with Grader() as grader:
        yield grader


@pytest.mark.parametrize(("a", "b"), SAME)
def test_same_answers_are_equal_both_ways(grader: Grader, a: str, b: str) -> None:
    assert asyncio.run(grader.equal(a, b))
    assert asyncio.run(grader.equal(b, a))


@pytest.mark.parametrize(("a", "b"), DIFFERENT)
def test_different_answers_are_not(grader: Grader, a: str, b: str) -> None:
    assert not asyncio.run(grader.equal(a, b))
    assert not asyncio.run(grader.equal(b, a))
    assert asyncio.run(grader.equal(a, a))


def test_a_value_may_stand_for_a_gold_and_none_never_does(grader: Grader) -> None:
    async def check() -> None:
        assert await grader.correct("#### 1,200", r"$\boxed{1200}$")
        assert await grader.correct(r"\frac{1}{2}", "0.5")
        assert await grader.correct("5", "x = 5")
        assert not await grader.correct("5", "x = 6")
        assert not await grader.correct("5", None)

    asyncio.run(check())


def test_classes_name_the_first_member_and_leave_abstentions_out(grader: Grader) -> None:
    answers = ["0.5", None, r"\frac{1}{2}", "7", "x^2", "1/2", None, "x \\cdot x", "07"]
    assert asyncio.run(grader.classes(answers)) == (0, None, 0, 3, 4, 0, None, 4, 3)
    assert asyncio.run(grader.classes([])) == ()


def test_the_partition_does_not_depend_on_the_order(grader: Grader) -> None:
    answers = ["0.5", r"\sqrt{4}", "2", r"\frac{2}{4}", "x"]

    def partition(order: tuple[int, ...]) -> set[frozenset[int]]:
        classes = asyncio.run(grader.classes([answers[i] for i in order]))
        groups = itertools.groupby(sorted(zip(classes, order, strict=True)), key=lambda pair: pair[0])
        return {frozenset(i for _, i in group) for _, group in groups}

    partitions = [partition(order) for order in itertools.permutations(range(len(answers)))]
    assert all(found == {frozenset({0, 3}), frozenset({1, 2}), frozenset({4})} for found in partitions)


def test_cheap_comparisons_start_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")

    async def check() -> None:
        with Grader() as grader:
            assert await grader.classes(["$5$", "5.", " 5.0", "5/1", "1,005", None]) == (0, 0, 0, 0, 4, None)
            assert not await grader.equal("Anna", "Hannah")
            long = "x" * (MAX_ANSWER_BYTES + 1)
            assert await grader.equal(long, long)
            assert not await grader.equal(long, "x")
            assert await grader.correct("A long way. " * 200 + "#### 42", "42")
            with pytest.raises(GradingError, match="could not be started"):
                await grader.equal("x", "y")

    asyncio.run(check())


def test_a_verdict_is_remembered() -> None:
    async def check() -> None:
        with Grader() as grader:
            assert await grader.equal("(x+1)^2", "x^2+2x+1")
            grader.close()
            assert await grader.equal("x^2+2x+1", "$(x+1)^2$")
            with pytest.raises(GradingError, match="closed"):
                await grader.equal("x", "y")

    asyncio.run(check())


@given(st.fractions(max_denominator=10**6))
def test_a_ratio_is_read_exactly(value: Fraction) -> None:
    assert number(f"{value.numerator}/{value.denominator}") == value
    assert number(f"{value.numerator:,}") == value.numerator


@given(st.text(alphabet="$\\()[]{}*. x1boxedtext,#!"))
def test_normalising_is_idempotent_and_total(text: str) -> None:
    assert normalize(normalize(text)) == normalize(text)
    number(normalize(text))


def test_importing_grading_loads_no_algebra_system() -> None:
    code = (
        "import compute_router.grading, sys;"
        "sys.exit(sorted({'sympy', 'math_verify'} & set(sys.modules)) or 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.shared
@pytest.mark.skipif(not SHARED_MATH500.exists(), reason="needs ../shared")
def test_every_gold_of_math500_equals_itself_dressed_or_respaced(grader: Grader) -> None:
    golds = [json.loads(line)["answer"] for line in SHARED_MATH500.read_text("utf-8").splitlines()]

    async def misses() -> list[str]:
        return [gold for gold in golds if not await grader.correct(gold, rf"$\boxed{{{gold}}}$.")]

    assert asyncio.run(misses()) == []
