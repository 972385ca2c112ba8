"""Rows of a PRM's domains: they decide for its problems, and nothing else of a decision changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compute_router.decide.chooser import Chooser
from compute_router.decide.decision import Decision
from compute_router.decide.table import Table
from compute_router.difficulty import Distribution, PolicyModel, Prediction, Predictor
from compute_router.errors import InputError
from compute_router.policies import make, spec
from compute_router.solve_options import SolveOptions
from support.table_kit import arm, measured, rule, table

MODEL = PolicyModel("m", 10**9)
SUM, STORY = "Compute 3 + 4 - 5.", "Anna has 3 apples and buys 4 more. How many has she?"
WHOLE = [arm("greedy", (0.4, 100)), arm("majority:n=4", (0.5, 400))]
EXACT = [arm("greedy", (0.4, 100)), arm("best_of_n:n=4,select=max,aggregate=last", (0.9, 400)),
         arm("majority:n=16", (0.91, 1600))]  # fmt: skip
ROWS = (
    measured("all", WHOLE, policy_model="m", prm="arithmetic-checker"),
    measured("sums", EXACT, policy_model="m", prm="arithmetic-checker", domain="exact"),
)


@dataclass
class ByText:
    """A distribution that depends on the text alone."""

    def predict(self, problems: list[str], model: PolicyModel) -> list[Prediction]:
        share = [len(text) % 7 / 10 for text in problems]
        return [Prediction(Distribution(one, 0.3, 0.7 - one, one), 0, 0, 0, 0, "logs") for one in share]


def deciding(*rows: dict[str, object], prm: str = "arithmetic-checker") -> Chooser:
    content = Table.model_validate(table(*rows, price=0.1))
    return Chooser(cast(Predictor, ByText()), content, MODEL, prm)


def shown(found: list[Decision]) -> list[tuple[str, str]]:
    return [(str(one.table_row).partition("/")[0], spec(one.strategy)) for one in found]


def test_a_problem_is_decided_by_the_row_of_its_domain() -> None:
    assert shown(deciding(*ROWS).decide([STORY, SUM, STORY])) == [
        ("all", "majority:n=4"),
        ("sums", "best_of_n:n=4,select=max,aggregate=last"),
        ("all", "majority:n=4"),
    ]


def test_a_prm_without_domains_has_the_row_of_all_problems() -> None:
    rows = [{**row, "prm": "p"} for row in ROWS]
    assert {row for row, _ in shown(deciding(*rows, prm="p").decide([STORY, SUM]))} == {"all"}


@given(texts=st.lists(st.sampled_from([SUM, STORY, "Compute 1 + 1.", "What is 7?", ""]), max_size=8))
def test_alone_and_together_in_any_order_the_same(texts: list[str]) -> None:
    chooser = deciding(*ROWS)
    for budget in (None, 300):
        options = SolveOptions(budget=budget)
        together = chooser.decide(texts, options)
        assert together == [chooser.decide([text], options)[0] for text in texts]
        assert chooser.decide(texts[::-1], options) == together[::-1]


@given(
    texts=st.lists(st.sampled_from([SUM, STORY, "Compute 1 + 1."]), min_size=1, max_size=8),
    average=st.integers(100, 2000),
)
def test_an_average_budget_is_shared_over_all_rows(texts: list[str], average: int) -> None:
    found = deciding(*ROWS).decide(texts, SolveOptions(average_budget=average))
    assert [row for row, _ in shown(found)] == ["all" if text == STORY else "sums" for text in texts]
    assert sum(one.tokens or 0 for one in found) <= average * len(texts)
    # Where a sum gains 0.5 for 300 tokens and a story 0.1, no story is served before every sum.
    arms = {
        text: {spec(one.strategy) for one, of in zip(found, texts, strict=True) if of == text}
        for text in texts
    }
    if arms.get(STORY, {"greedy"}) != {"greedy"}:
        assert all("greedy" not in of for text, of in arms.items() if text != STORY)


def test_an_average_budget_needs_measured_arms_in_every_row() -> None:
    rows = (ROWS[0], rule("guess", policy_model="m", prm="arithmetic-checker", domain="exact"))
    chooser = deciding(*rows)
    options = SolveOptions(average_budget=500)
    assert chooser.decide([STORY], options)[0].strategy == make("majority:n=4")
    with pytest.raises(InputError, match="guess has none"):
        chooser.decide([STORY, SUM], options)
    assert shown(chooser.decide([SUM])) == [("guess", "greedy")]
