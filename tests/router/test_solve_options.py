"""Options are checked where they are made, each with one error that names what is wrong."""

from __future__ import annotations

import math
from typing import Any

import pytest

from compute_router import SolveOptions
from compute_router.errors import InputError
from compute_router.policies import Greedy, Limits, Majority, Outcome, Search


class Nameless:
    needs_prm = False

    def search(self, limits: object) -> None: ...


class Namesake(Greedy):
    """Another search under a name that is taken."""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"budget": 0}, "the budget is a whole number of tokens from 1, not 0"),
        ({"deadline_s": 0}, "the deadline is a number of seconds above 0, not 0"),
        ({"deadline_s": math.nan}, "the deadline is a number of seconds above 0, not nan"),
        ({"average_budget": 0}, "the average budget is a number of tokens above 0, not 0"),
        ({"average_budget": math.nan}, "the average budget is a number of tokens above 0, not nan"),
        ({"strategy": Nameless()}, "has no name"),
        ({"strategy": "greedy"}, "has no name"),
        ({"strategy": Greedy}, "is a class: give a value of it"),
        ({"strategy": Namesake()}, "the name 'greedy' is taken by a strategy here: give it another"),
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        SolveOptions(**given)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_options_are_values() -> None:
    assert SolveOptions(strategy=Majority(n=8), budget=1) == SolveOptions(strategy=Majority(n=8), budget=1)
    assert hash(SolveOptions()) == hash(SolveOptions(strategy=None))


class Named:
    needs_prm = False

    def __init__(self, name: object) -> None:
        self.name = name

    def search(self, limits: Limits) -> Search[Outcome]:
        raise AssertionError("never run")


@pytest.mark.parametrize(
    "name",
    ["majority:n=8", "vote-8", "weighted", "beam-4", "..", "", None, 5, [], "a\ud800", "x" * 65, "a,b"],
)
def test_a_name_that_is_none_or_taken_is_refused(name: object) -> None:
    with pytest.raises(InputError):
        SolveOptions(strategy=Named(name))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "values",
    [
        *({"budget": value} for value in (0, 1.5, math.nan, math.inf, "5", True, [])),
        *({"average_budget": value} for value in (0, math.inf, "5", [])),
        *({"deadline_s": value} for value in (0, math.inf, "5")),
        {"caps": 5},
        {"caps": None},
    ],
)
def test_a_wrong_value_is_one_input_error(values: dict[str, object]) -> None:
    with pytest.raises(InputError):
        SolveOptions(**values)  # type: ignore[arg-type]
