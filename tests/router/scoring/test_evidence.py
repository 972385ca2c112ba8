"""What is seen of a solution: after every step, of what was written so far, whatever the text is."""

from __future__ import annotations

import json
import math
import random
import time
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compute_router.policies import Path, Step
from compute_router.scoring.arithmetic import FEATURES, GROUPS, equations, evidence
from compute_router.scoring.arithmetic.given import given as numbers_given
from support.places import SHARED

FRAGMENTS = [
    "3 + 4 = 7", "3 + 4 = 8", "7 * 2 = 14\n\n", "\\boxed{7}", "\\boxed{", "}", "#### 14\n", "####", " 12\n",
    "the answer ", "is 7.", "```", "``", "`python\n", "A line that is long enough.\n", "- 6 - 8 = -2",
    "1/0 = 3", "\n\n", "=", "x", "\\frac{1}{2}", "9" * 60, "½", "٣ + 4 = 7", "\u2028", "\ud800",
]  # fmt: skip
TEXT = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=8), max_size=6).map("".join)
STEPS = st.lists(
    st.builds(
        lambda text, count, logprob: Step(text, (0,) * count, (logprob,) * count),
        TEXT,
        st.integers(0, 5),
        st.sampled_from([-0.5, -math.inf, math.nan, 0.0, -1e300]),
    ),
    max_size=6,
)


def rows(problem: str, *texts: str) -> list[dict[str, float]]:
    found = evidence(problem, [Step(text) for text in texts])
    return [dict(zip(FEATURES, row, strict=True)) for row in found]


def same(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return all(a == b or (math.isnan(a) and math.isnan(b)) for a, b in zip(one, other, strict=True))


@given(TEXT, STEPS)
def test_a_row_a_step_of_finite_numbers(problem: str, steps: list[Step]) -> None:
    found = evidence(problem, steps)
    assert len(found) == len(steps)
    for row in found:
        assert len(row) == len(FEATURES)
        assert all(
            math.isfinite(value) or FEATURES[at] in GROUPS["probability"] for at, value in enumerate(row)
        )


@given(TEXT, STEPS, st.integers(0, 6))
def test_what_comes_later_changes_nothing_before_it(problem: str, steps: list[Step], cut: int) -> None:
    whole = evidence(problem, steps)[:cut]
    assert all(map(same, evidence(problem, steps[:cut]), whole))


@given(TEXT, STEPS)
def test_the_answer_is_the_paths_own(problem: str, steps: list[Step]) -> None:
    paths = [Path((0,), tuple(steps[: at + 1])) for at in range(len(steps))]
    answered = [row[FEATURES.index("answered")] for row in evidence(problem, steps)]
    assert answered == [float(path.answer is not None) for path in paths]


def test_a_step_that_states_the_answer_is_seen_from_there_on() -> None:
    assert [row["answered"] for row in rows("x", "So 7.", "\\boxed{7}", "Done.")] == [0.0, 1.0, 1.0]


@given(TEXT, STEPS, st.integers(1, 99), st.integers(1, 99), st.integers(2, 50))
def test_a_wrong_calculation_is_never_overlooked_or_forgotten(
    problem: str, steps: list[Step], a: int, b: int, off: int
) -> None:
    wrong = FEATURES.index("wrong")
    before = [row[wrong] for row in evidence(problem, steps)]
    assert before == sorted(before)
    # The first number again would go on from it.
    result = a + b + off if off != -b else a + b + 1
    after = evidence(problem, [*steps, Step(f"\n\nThen {a} + {b} = {result}.\n\n"), *steps])
    assert [row[wrong] for row in after[len(steps) :]] == [1.0] * (1 + len(steps))


@given(
    st.lists(st.tuples(st.sampled_from("+-"), st.integers(2, 999)), min_size=2, max_size=7),
    st.integers(0, 2**31),
)
def test_a_sum_is_sound_where_it_is_of_its_own_terms_and_right(
    terms: list[tuple[str, int]], seed: int
) -> None:
    problem, texts = stated(terms), worked(terms)
    whole = rows(problem, *texts)[-1]
    assert whole["sound"] == whole["derived"] == 1.0
    assert whole["astray"] == whole["wrong"] == 0.0
    at = random.Random(seed).randrange(1, len(terms))
    sign, number = terms[at]
    turned = [*terms[:at], ("-" if sign == "+" else "+", number), *terms[at + 1 :]]
    assert rows(problem, *worked(turned))[-1]["sound"] == 0.0
    less = rows(problem, *worked([*terms[:at], *terms[at + 1 :]]))[-1]
    assert less["sound"] == 0.0
    assert less["derived"] < 1.0
    wrong = [*texts[:-1], f"Also, 2 + 2 = 5.\n\n{texts[-1]}"]
    assert rows(problem, *wrong)[-1]["sound"] == 0.0


def stated(terms: list[tuple[str, int]]) -> str:
    (first, number), *rest = terms
    return f"Compute {'-' if first == '-' else ''}{number} " + " ".join(f"{s} {n}" for s, n in rest) + "."


def worked(terms: list[tuple[str, int]]) -> list[str]:
    """From left to right, and the answer."""
    (first, number), *rest = terms
    total = -number if first == "-" else number
    texts = []
    for sign, number in rest:
        after = total + number if sign == "+" else total - number
        texts.append(f"Now \\({total} {sign} {number} = {after}\\).\n\n")
        total = after
    return [*texts, f"It is \\boxed{{{total}}}."]


GROUPED = [
    ("Compute 38 + 49 - 99 - 67 - 39.", "(38 + 49) - (99 + 67) - 39 = -118\n\nSo \\boxed{-118}.", 1.0),
    ("Compute 38 + 49 - 99 - 67 - 39.",
     "38 + 49 = 87\n99 + 67 = 166\n87 - 166 = -79\n-79 - 39 = -118\n\\boxed{-118}", 1.0),
    ("Compute 6 - 3 - 7.", "First 3 - 7 = -4, and 6 - (-4) = 10\n\\boxed{10}", 0.0),
    ("Compute 5 + 3 + 7 - 8.", "5 * 3 = 15\n15 + 7 = 22\n22 - 8 = 14\n\\boxed{14}", 0.0),
    ("Tom has 5 apples and 3 pears.", "5 + 3 = 8\n\\boxed{8}", 0.0),
]  # fmt: skip


@pytest.mark.parametrize(("problem", "text", "sound"), GROUPED)
def test_derivations_through_brackets_and_groups(problem: str, text: str, sound: float) -> None:
    assert rows(problem, text)[-1]["sound"] == sound


def test_before_there_is_an_answer_the_last_result_is_followed() -> None:
    first, second, third = rows(
        "Compute 6 - 8 - 14 + 90.", "6 - 8 = -2\n\n", "-2 + 14 = 12\n\n", "\\boxed{70}"
    )
    assert (first["derived"], first["astray"]) == (0.5, 0.0)
    assert second["derived"] == 0.5
    assert second["astray"] == pytest.approx(1 / 3)
    assert (third["derived"], third["answer_found"], third["answered"]) == (0.0, 0.0, 1.0)


def test_log_probabilities_are_means_over_tokens() -> None:
    steps = [Step("a", (1, 2), (-1.0, -3.0)), Step("b", (), ()), Step("c", (1, 2, 3), (-1.0,))]
    found = [dict(zip(FEATURES, row, strict=True)) for row in evidence("", steps)]
    assert [row["logprob"] for row in found] == [-2.0, -2.0, -1.0]
    assert found[0]["logprob_here"] == -2.0
    assert math.isnan(found[1]["logprob_here"])
    assert found[2]["logprob_here"] == pytest.approx(-1 / 3)


def test_numbers_of_a_problem() -> None:
    found = numbers_given("He has 3 boxes, twice 1,200 eggs, 20% off and 3 more; 2nd of three.")
    assert found.numbers == Counter(map(Fraction, [3, 3, 1200, 20]))
    assert {Fraction(2), Fraction(3)} <= found.words
    assert not found.terms
    assert numbers_given("Compute -5 + 3 - 5.").terms == Counter(
        {("-", Fraction(5)): 2, ("+", Fraction(3)): 1}
    )
    assert not numbers_given("Of 10 - 12 eggs 3 broke.").terms


@pytest.mark.parametrize(
    "text",
    [
        "1 + " * 9000, "9" * 90_000, "\\boxed{" * 9000, "answer is " * 9000, "1 = " * 9000, "(" * 50_000,
        "\n" * 90_000, "1 a " * 9000 + "= 3", "5 = " + "3 b " * 9000, " " * 90_000 + "answer",
        "1+1" * 9000 + "x",
        "1 * " * 4000 + "1 = 3", "9" * 40 + (" * " + "9" * 40) * 400 + " = 3", "1 + 2 = 3 " * 2000,
        "\\frac{" * 4000, "$" * 20_000, "1,000" * 4000, "2 = 2 + 1 " * 2000, "3 + 3 = 6\n" * 2000,
    ],
)  # fmt: skip
def test_hostile_text_takes_no_time(text: str) -> None:
    start = time.process_time()
    evidence(text, [Step(text), Step(text)])
    evidence("3 + 4", [Step(text[at : at + 100]) for at in range(0, 10_000, 100)])
    assert time.process_time() - start < 5


@pytest.mark.shared
def test_false_alarms_are_rare_in_steps_that_people_found_right() -> None:
    """ProcessBench (arXiv 2412.06559): steps before the first wrong one."""
    file = SHARED / "data" / "prm" / "processbench_gsm8k.jsonl"
    if not file.exists():
        pytest.skip("no sample data beside the checkout")
    judged = alarms = 0
    for line in file.read_text("utf-8").split("\n"):
        if not line:
            continue
        row = json.loads(line)
        for step in row["steps"] if row["label"] < 0 else row["steps"][: row["label"]]:
            found = [one.is_right for one in equations(step)]
            judged += bool(found)
            alarms += False in found
    assert judged > 500
    assert alarms <= judged / 100
