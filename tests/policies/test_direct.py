"""Direct answers: one short solution that is begun for the policy model."""

from __future__ import annotations

import pytest

from compute_router.policies import Extend, Limits, Path, Step, extract_answer, make
from compute_router.policies.direct import OPENING
from support.drive import World, drive


def scores(path: Path) -> tuple[float, ...]:
    raise AssertionError("a direct answer is not scored")


@pytest.mark.parametrize(("room", "granted"), [(8192, 64), (40, 40)])
def test_it_asks_once_for_a_few_tokens_after_an_opening(room: int, granted: int) -> None:
    asked: list[Extend] = []

    def extend(ask: Extend) -> Path:
        asked.append(ask)
        return ask.path.grow(ask.key.child, (Step(ask.opening + "42}.", (4, 2, 5)),), "stop")

    outcome = drive(make("direct").search(Limits(path_tokens=room)), World(extend, scores)).outcome
    [ask] = asked
    assert (ask.until, ask.max_tokens, ask.temperature) == ("end", granted, 0.0)
    assert ask.path == Path()
    assert extract_answer(ask.opening + "7}") == "7"
    assert outcome.answer == "42"


def test_no_other_strategy_opens_a_path() -> None:
    def extend(ask: Extend) -> Path:
        assert ask.opening == ""
        return ask.path.grow(ask.key.child, (Step(OPENING + "1}", (1,)),), "stop")

    for text in ("greedy", "majority:n=2", "best_of_n:n=2", "beam:n=2,m=2", "mcts:n=2,m=2"):
        assert drive(make(text).search(Limits()), World(extend, lambda path: (0.5,))).outcome.answer == "1"
