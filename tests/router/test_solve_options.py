"""Options are checked where they are made, each with one error that names what is wrong."""

from __future__ import annotations

import math
from typing import Any

import pytest

from compute_router import SolveOptions
from compute_router.errors import InputError
from compute_router.policies import Greedy, Majority


class Nameless:
    needs_prm = False

    def search(self, limits: object) -> None: ...


class Namesake(Greedy):
    """Another search under a name that is taken."""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"budget": 0}, "the budget must be at least 1 token, not 0"),
        ({"deadline_s": 0}, "the deadline must be more than 0 seconds, not 0"),
        ({"deadline_s": math.nan}, "the deadline must be more than 0 seconds, not nan"),
        ({"average_budget": 0}, "an average budget is a number of tokens above 0, not 0"),
        ({"average_budget": math.nan}, "an average budget is a number of tokens above 0, not nan"),
        ({"strategy": Nameless()}, "has no name"),
        ({"strategy": "greedy"}, "has no name"),
        ({"strategy": Greedy}, "is a class: give a value of it"),
        ({"strategy": Namesake()}, "the name 'greedy' is that of Greedy: give Namesake another"),
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
