"""The PRM protocol's guard, and the baseline that stands in for a PRM."""

from __future__ import annotations

import asyncio
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compute_router.errors import InputError, ScorerError
from compute_router.policies import Path, Step
from compute_router.scoring import SCORERS, LogprobBaseline, Scored, checked, make_scorer


def path(*logprobs: tuple[float, ...]) -> Path:
    return Path((0,), tuple(Step("a step\n\n", tuple(range(len(each))), each) for each in logprobs))


TWO_STEPS = path((), ())


@pytest.mark.parametrize("scores_S", [(0.0, 1.0), (0.5, 0.25)])
def test_good_scores_pass(scores_S: tuple[float, ...]) -> None:
    assert checked(TWO_STEPS, Scored(scores_S)) == Scored(scores_S)


@pytest.mark.parametrize(
    ("scores_S", "says"),
    [
        ((), "0 scores for 2 steps"),
        ((0.5,), "1 scores for 2 steps"),
        ((0.5, 0.5, 0.5), "3 scores for 2 steps"),
        ((0.5, math.nan), "step 2 nan"),
        ((math.inf, 0.5), "step 1 inf"),
        ((0.5, 1.2), "step 2 1.2"),
        ((-0.1, 0.5), "step 1 -0.1"),
    ],
)
def test_bad_scores_are_named(scores_S: tuple[float, ...], says: str) -> None:
    with pytest.raises(ScorerError, match=says):
        checked(TWO_STEPS, Scored(scores_S))


def baseline(*paths: Path) -> list[Scored]:
    async def main() -> list[Scored]:
        async with LogprobBaseline() as scorer:
            return list(await scorer.score([("a problem", each) for each in paths]))

    return asyncio.run(main())


def test_the_baseline_is_the_geometric_mean_of_the_probabilities() -> None:
    [scored] = baseline(path((math.log(0.5), math.log(0.125)), (math.log(0.75),), ()))
    assert scored.scores_S == pytest.approx((0.25, 0.75, 1.0))
    assert scored.usage.computed == 0


LOGPROBS = st.lists(st.floats(-1e6, 0) | st.just(-math.inf), max_size=5).map(tuple)


@given(st.lists(st.lists(LOGPROBS, max_size=4), max_size=4))
def test_the_baseline_always_gives_usable_scores_in_the_order_asked(
    steps: list[list[tuple[float, ...]]],
) -> None:
    paths = [path(*each) for each in steps]
    scored = baseline(*paths)
    assert [checked(each, one) for each, one in zip(paths, scored, strict=True)] == scored
    assert scored == [one for each in paths for one in baseline(each)]


def test_the_baseline_says_that_it_is_one() -> None:
    scorer = make_scorer("logprob-baseline")
    assert scorer.is_baseline
    assert "baseline" in scorer.name
    assert scorer.params == 0
    assert scorer.price("a problem", TWO_STEPS) == 0


def test_an_unknown_prm_names_what_there_is() -> None:
    with pytest.raises(InputError, match="logprob-baseline") as caught:
        make_scorer("x" * 100_000)
    assert len(str(caught.value)) < 500
    assert all(make_scorer(name).name == name for name in SCORERS)
