"""One number for a path from the scores of its steps."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compute_router.policies import AGGREGATES, Path, Step, value


def path(n_steps: int, scores_S: tuple[float, ...]) -> Path:
    return Path((0,), tuple(Step(f"step {i}") for i in range(n_steps)), scores_S)


@pytest.mark.parametrize(
    ("aggregate", "expected"), [("last", 0.5), ("min", 0.25), ("mean", 0.5), ("product", 0.09375)]
)
def test_by_hand(aggregate: str, expected: float) -> None:
    assert value(path(3, (0.75, 0.25, 0.5)), aggregate) == expected


def test_the_four_of_the_paper_and_no_more() -> None:
    assert set(AGGREGATES) == {"last", "min", "mean", "product"}


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_a_value_stays_in_the_unit_interval_and_in_its_order(scores: list[float]) -> None:
    got = {name: value(path(len(scores), tuple(scores)), name) for name in AGGREGATES}
    last, low, mean, product = (got[name] for name in ("last", "min", "mean", "product"))
    assert last is not None
    assert low is not None
    assert mean is not None
    assert product is not None
    assert last == scores[-1]
    assert 0.0 <= product <= low <= 1.0
    assert low <= last <= 1.0
    assert low - 1e-12 <= mean <= max(scores) + 1e-12
    assert math.isclose(mean, sum(scores) / len(scores), abs_tol=1e-12)


@pytest.mark.parametrize("aggregate", sorted(AGGREGATES))
@pytest.mark.parametrize(
    "path", [path(3, (0.9, 0.9)), path(2, ()), path(0, ())], ids=["lags", "none", "empty"]
)
def test_a_path_whose_scores_lag_has_no_value(aggregate: str, path: Path) -> None:
    assert value(path, aggregate) is None
