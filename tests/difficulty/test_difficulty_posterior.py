"""The posterior: agreement makes a problem easier, disagreement harder, and nothing changes nothing."""

from __future__ import annotations

import json
import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute_router.difficulty import Distribution, posterior
from compute_router.difficulty.posterior import SCATTER
from support.places import ROOT

FLAT = Distribution(1 / 3, 1 / 3, 1 / 3, 0.35)

bins = st.tuples(*[st.floats(0.01, 1)] * 3).map(
    lambda w: Distribution(w[0] / sum(w), w[1] / sum(w), 1 - w[0] / sum(w) - w[1] / sum(w), 0.4)
)
votes = st.lists(st.none() | st.integers(0, 3), min_size=1, max_size=12)


def test_without_samples_the_prior_comes_back() -> None:
    assert posterior(FLAT, []) == FLAT


@given(prior=bins, seen=votes)
@settings(max_examples=100, deadline=None)
def test_it_is_a_distribution(prior: Distribution, seen: list[int | None]) -> None:
    after = posterior(prior, seen)  # Distribution checks that its parts sum to 1
    assert 0 <= after.pass_at_1 <= 1


@given(prior=bins, seen=votes, order=st.randoms())
@settings(max_examples=50, deadline=None)
def test_neither_order_nor_names_of_the_groups_matter(
    prior: Distribution, seen: list[int | None], order: object
) -> None:
    shuffled = list(seen)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    renamed = [None if vote is None else 7 - vote for vote in shuffled]
    assert posterior(prior, renamed).easy == pytest.approx(posterior(prior, seen).easy, abs=1e-9)


@given(prior=bins, n=st.integers(2, 12))
@settings(max_examples=50, deadline=None)
def test_the_more_agree_the_easier(prior: Distribution, n: int) -> None:
    by_agreement = [
        posterior(prior, [0] * same + list(range(1, n - same + 1))).pass_at_1 for same in range(2, n + 1)
    ]
    assert by_agreement == sorted(by_agreement)


def test_samples_that_all_disagree_or_do_not_answer_are_hard() -> None:
    assert posterior(FLAT, [0, 1, 2, 3, 4, 5]).label == "hard"
    assert posterior(FLAT, [None] * 6).label == "hard"
    assert posterior(FLAT, [0] * 6).label == "easy"
    assert posterior(FLAT, [0, 0, 0, 1, 2, 3]).label == "medium"


def test_a_prm_says_which_answer_is_right() -> None:
    seen = [0, 0, 1, 1]
    doubted = posterior(FLAT, seen, [0.05] * 4).pass_at_1
    believed = posterior(FLAT, seen, [0.95, 0.95, 0.05, 0.05]).pass_at_1
    assert doubted < posterior(FLAT, seen).pass_at_1 < believed
    assert posterior(FLAT, seen, [None] * 4) == posterior(FLAT, seen)
    assert math.isfinite(posterior(FLAT, seen, [0.0, 1.0, 0.0, 1.0]).pass_at_1)


def test_the_scatter_of_wrong_answers_is_that_of_the_shipped_sweep() -> None:
    rows = [
        json.loads(line)
        for line in (ROOT / "research/data/sweeps/qwen2.5-coder-0.5b.jsonl").read_text().split("\n")
        if line
    ]
    wrong = [
        list(
            Counter(s["group"] for s in row["paths"] if not s["correct"] and s["group"] is not None).values()
        )
        for row in rows
        if len(row["paths"]) > 1
    ]

    def log_likelihood(scatter: float) -> float:
        return sum(
            len(sizes) * math.log(scatter)
            + sum(map(math.lgamma, sizes))
            - (math.lgamma(scatter + sum(sizes)) - math.lgamma(scatter))
            for sizes in wrong
        )

    best = max((1.05**i for i in range(150)), key=log_likelihood)
    assert best == pytest.approx(SCATTER, rel=0.1)
