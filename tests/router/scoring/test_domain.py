"""Which problems are exact to the embedded PRM: bare sums, however they are put."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compute_router.scoring.arithmetic import Domain
from compute_router.scoring.embedded import EmbeddedPrm, domain_of

TERM = st.integers(0, 10**6)


@given(
    first=TERM,
    rest=st.lists(st.tuples(st.sampled_from("+-"), TERM), min_size=1, max_size=9),
    frame=st.sampled_from(["Compute {}.", "What is {}?", "{}", "Evaluate: {} = ?", "Find \\({}\\)."]),
)
def test_a_sum_of_numbers_is_exact(first: int, rest: list[tuple[str, int]], frame: str) -> None:
    text = frame.format(" ".join([str(first), *(f"{sign} {term}" for sign, term in rest)]))
    assert domain_of(EmbeddedPrm.name, text) == "exact"


@pytest.mark.parametrize(
    "text",
    [
        "Anna has 3 apples and buys 4 more. How many has she?",
        "Compute 3 * 4.",
        "Compute 3 + 4 * 5.",
        "What is 20% of 50?",
        "Tom pays 3 + 4 dollars, and then 5 more.",
        "Solve x + 3 = 7.",
        "Factor the following expression: $7x^2-63$.",
        "If $y = x^2 - 7$ and x is real, what is the least y?",
        "Compute 2 + 3^2.",
        "",
        "Compute.",
    ],
)
def test_all_else_is_open(text: str) -> None:
    assert domain_of(EmbeddedPrm.name, text) == "open"


@given(st.text(max_size=200))
def test_every_text_has_a_domain_and_other_prms_make_no_difference(text: str) -> None:
    assert domain_of(EmbeddedPrm.name, text) in get_args(Domain)
    assert domain_of("logprob-baseline", text) is None
    assert domain_of(None, text) is None
