"""Draws: the distribution that the logits say, by a number that seed and place decide."""

from __future__ import annotations

import math
from collections import Counter

import pytest

torch = pytest.importorskip("torch")

from compute_router.engines.torch.sampler import draw, uniform  # noqa: E402


@pytest.mark.parametrize("words", [5, 128, 1000])
@pytest.mark.parametrize("temperature", [0.7, 1.0, 3.0])
def test_tokens_are_as_frequent_as_they_are_likely(words: int, temperature: float) -> None:
    torch.manual_seed(0)
    logits = torch.randn(words) * 2
    trials = 20_000
    drawn, _ = draw(
        logits.expand(trials, -1), [temperature] * trials, [uniform(1, place) for place in range(trials)]
    )
    expected = (logits / temperature).softmax(0)
    counts = Counter(drawn)
    for token in range(words):
        chance = float(expected[token])
        assert counts[token] / trials == pytest.approx(chance, abs=5 * math.sqrt(chance / trials) + 1e-3)


def test_the_log_probability_is_at_temperature_one() -> None:
    torch.manual_seed(1)
    logits = torch.randn(20, 300)
    tokens, logprobs = draw(logits, [0.5] * 20, [uniform(2, place) for place in range(20)])
    wanted = logits.log_softmax(1)[torch.arange(20), torch.tensor(tokens)]
    assert logprobs == pytest.approx(wanted.tolist(), abs=1e-5)


def test_temperature_zero_takes_the_likeliest_beside_rows_that_are_drawn() -> None:
    torch.manual_seed(2)
    logits = torch.randn(9, 700)
    tokens, _ = draw(logits, [0.0, 1.0, 0.0] * 3, [0.999] * 9)
    for row in (0, 2, 3, 5, 6, 8):
        assert tokens[row] == int(logits[row].argmax())


def test_of_equal_ones_temperature_zero_takes_the_same_whatever_the_number() -> None:
    logits = torch.zeros((4, 300))
    logits[:, [40, 50, 250]] = 3.0
    tokens, _ = draw(logits, [0.0, 0.0, 0.0, 1.0], [0.0, 0.5, 0.999, 0.999])
    assert tokens[:3] == [40] * 3


@pytest.mark.parametrize("number", [0.0, 1 - 2**-53, 0.5])
def test_what_cannot_be_is_never_drawn(number: float) -> None:
    logits = torch.full((3, 260), -math.inf)
    logits[:, 77] = 0.0
    logits[:, 200] = -1.0
    tokens, logprobs = draw(logits, [0.7] * 3, [number] * 3)
    assert set(tokens) <= {77, 200}
    assert all(math.isfinite(value) for value in logprobs)


def test_numbers_belong_to_seed_and_place() -> None:
    assert uniform(3, 4) == uniform(3, 4)
    assert len({uniform(seed, place) for seed in range(50) for place in range(50)}) == 2500
    assert all(0 <= uniform(seed, 0) < 1 for seed in range(1000))
