"""Which data set a problem is of."""

from __future__ import annotations

import pytest

from compute_router.training.prm.examples import kind_of


@pytest.mark.parametrize(
    ("problem", "kind"),
    [
        ("gsm8k-test-1020", "gsm8k"),
        ("gsm8k-train-1", "gsm8k"),
        ("sum-8-3-17", "sum"),
        ("math-train-12", "math"),
        ("test/algebra/114.json", "math"),
        ("test/precalculus/24313.json", "math"),
        ("test-3", "test"),
        ("q17", "q"),
        ("p-0123abcd", "p"),
        ("AIME_2024_3", "aime"),
        ("7", "other"),
        ("", "other"),
    ],
)
def test_a_kind_is_what_problems_of_one_data_set_share(problem: str, kind: str) -> None:
    assert kind_of(problem) == kind
