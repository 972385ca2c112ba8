"""Prices: what a cost is in tokens and in FLOPs, and what is no price."""

from __future__ import annotations

import math

import numpy as np
import pytest

from compute_router.decide.price import Price, Unit
from compute_router.errors import InputError

TOKENS, PRM = np.array([[100.0, 200.0, np.nan]]), np.array([[10.0, 0.0, 0.0]])


def test_tokens_of_both_models_cost_the_same() -> None:
    np.testing.assert_array_equal(Price(0.1).cost(TOKENS, PRM), [[110.0, 200.0, np.nan]])


def test_flops_are_twice_the_parameters_a_token() -> None:
    found = Price(0.1, "flops").cost(TOKENS, PRM, params=3, prm_params=7)
    np.testing.assert_array_equal(found, [[2 * (300 + 70), 1200.0, np.nan]])


def test_a_prm_that_ran_no_token_needs_no_size() -> None:
    np.testing.assert_array_equal(Price(0.1, "flops").cost(TOKENS, 0 * PRM, params=1), 2 * TOKENS)


def test_flops_of_a_model_of_unknown_size_are_refused() -> None:
    with pytest.raises(InputError, match="policy model"):
        Price(0.1, "flops").cost(TOKENS, PRM, prm_params=7)
    with pytest.raises(InputError, match="PRM"):
        Price(0.1, "flops").cost(TOKENS, PRM, params=7)


@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf])
def test_what_is_no_price_is_refused(value: float) -> None:
    with pytest.raises(InputError):
        Price(value)


def test_another_unit_is_refused() -> None:
    unit: Unit = "seconds"  # type: ignore[assignment]
    with pytest.raises(InputError, match="tokens or flops"):
        Price(0.1, unit)


def test_a_price_reads_as_one() -> None:
    assert str(Price(0.03)) == "0.03 a 1,000 tokens"
    assert str(Price(2, "flops")) == "2 a 1e12 FLOPs"
