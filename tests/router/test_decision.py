"""The choice among measured arms: the stated utility, the budget, the explanation."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Literal, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from difficulty import Distribution, PolicyModel, Prediction, Predictor
from policies import make
from router.assemble import Settings, chooser
from router.data import data_path
from router.decision import Chooser, Decision
from router.problem import read_problems
from router.table import Table

BINS = ("easy", "medium", "hard")
SPECS = ("greedy", "majority:n=2", "majority:n=4", "majority:n=8", "majority:n=16", "majority:n=32")
MODEL = PolicyModel("m", 10**9)
FLAT = Distribution(0.5, 0.3, 0.2, 0.5)


@dataclass
class Oracle:
    """Predicts one distribution for every problem."""

    bins: Distribution

    def predict(self, problems: list[str], model: PolicyModel) -> list[Prediction]:
        return [Prediction(self.bins, 0, 0, 0, 0, "logs") for _ in problems]


def cell(accuracy: float, tokens: float, prm_tokens: float = 0.0) -> dict[str, Any]:
    return {
        "problems": 10,
        "accuracy": accuracy,
        "interval": [0, 1],
        "tokens": tokens,
        "prm_tokens": prm_tokens,
    }


def arm(spec: str, accuracy: float, tokens: float) -> dict[str, Any]:
    return {"spec": spec, **{name: cell(accuracy, tokens) for name in BINS}}


def decide(
    arms: list[dict[str, Any]],
    *,
    price: float = 0.1,
    bins: Distribution = FLAT,
    budget: int | None = None,
    strategy: str | None = None,
) -> Decision:
    row = {"kind": "measured", "id": "mine", "source": "a test", "policy_model": "m", "arms": arms}
    table = Table.model_validate({"schema_version": 1, "price": price, "rows": [row]})
    chooser = Chooser(cast(Predictor, Oracle(bins)), table, MODEL, "p")
    [decision] = chooser.decide(["a problem"], strategy=make(strategy) if strategy else None, budget=budget)
    return decision


cells = st.builds(cell, st.floats(0, 1), st.floats(0, 10**5), st.floats(0, 10**5))
arms_of = st.lists(st.sampled_from(SPECS), min_size=1, max_size=6, unique=True).flatmap(
    lambda specs: st.tuples(
        *(st.fixed_dictionaries({"spec": st.just(spec), **dict.fromkeys(BINS, cells)}) for spec in specs)
    )
)


@st.composite
def distributions(draw: st.DrawFn) -> Distribution:
    easy = draw(st.floats(0, 1))
    medium = draw(st.floats(0, 1)) * (1 - easy)
    return Distribution(easy, medium, 1 - easy - medium, 0.5)


REAL = [problem.text for problem in read_problems(str(data_path("problems/demo.jsonl")))]


@pytest.mark.parametrize("engine", ["embedded", "scripted"])
@pytest.mark.parametrize("budget", [None, 300, 1])
def test_a_decision_is_the_same_alone_and_in_a_batch(
    engine: Literal["embedded", "scripted"], budget: int | None
) -> None:
    decided = chooser(Settings(engine=engine))
    together = decided.decide(REAL, budget=budget)
    assert together == [decided.decide([text], budget=budget)[0] for text in REAL]
    assert decided.decide(REAL[::-1], budget=budget) == together[::-1]


def test_a_batch_costs_well_under_a_quarter_of_a_millisecond_a_decision() -> None:
    decided = chooser(Settings())
    texts = [f"{text} Variant {i}." for i in range(16) for text in REAL]

    def seconds() -> float:
        started = time.perf_counter()
        decided.decide(texts)
        return time.perf_counter() - started

    assert min(seconds() for _ in range(5)) / len(texts) < 2.5e-4


def outlook(arm: dict[str, Any], bins: Distribution) -> tuple[float, float]:
    shares = {name: getattr(bins, name) for name in BINS}
    accuracy = sum(shares[name] * arm[name]["accuracy"] for name in BINS)
    cost = sum(shares[name] * (arm[name]["tokens"] + arm[name]["prm_tokens"]) for name in BINS)
    return accuracy, cost


@given(arms_of, distributions(), st.floats(0, 10), st.none() | st.integers(1, 2 * 10**5))
def test_the_choice_maximises_the_stated_utility(
    arms: tuple[dict[str, Any], ...], bins: Distribution, price: float, budget: int | None
) -> None:
    decision = decide(list(arms), price=price, bins=bins, budget=budget)
    of = {arm["spec"]: outlook(arm, bins) for arm in arms}
    accuracy, cost = of[decision.strategy]
    assert (decision.accuracy, decision.tokens) == pytest.approx((accuracy, cost), abs=1e-6)

    affordable = [one for one in of.values() if budget is None or one[1] <= budget]
    if affordable:
        best = max(accuracy - price * cost / 1000 for accuracy, cost in affordable)
        assert accuracy - price * cost / 1000 == pytest.approx(best, abs=1e-6)
        assert budget is None or cost <= budget
    else:
        assert cost == pytest.approx(min(cost for _, cost in of.values()))


@given(arms_of, distributions(), st.floats(0, 10), st.none() | st.integers(1, 2 * 10**5))
def test_of_the_best_the_cheapest_is_chosen_then_the_last_by_name(
    arms: tuple[dict[str, Any], ...], bins: Distribution, price: float, budget: int | None
) -> None:
    of = {arm["spec"]: outlook(arm, bins) for arm in arms}
    affordable = {name: one for name, one in of.items() if budget is None or one[1] <= budget}
    ranks = {name: (right - price * cost / 1000, -cost, name) for name, (right, cost) in affordable.items()}
    expected = max(ranks, key=ranks.__getitem__) if ranks else min(of, key=lambda name: (of[name][1], name))
    assert decide(list(arms), price=price, bins=bins, budget=budget).strategy == expected


@given(arms_of, distributions())
def test_the_order_of_the_arms_does_not_matter(arms: tuple[dict[str, Any], ...], bins: Distribution) -> None:
    assert decide(list(arms), bins=bins).strategy == decide(list(arms[::-1]), bins=bins).strategy


ARMS = [
    arm("greedy", 0.4, 100),
    arm("majority:n=4", 0.5, 400),
    arm("majority:n=16", 0.6, 1600),
]


@pytest.mark.parametrize(
    ("price", "strategy"), [(0, "majority:n=16"), (0.2, "majority:n=4"), (10**6, "greedy")]
)
def test_the_price_trades_accuracy_for_tokens(price: float, strategy: str) -> None:
    assert decide(ARMS, price=price).strategy == strategy


@pytest.mark.parametrize(
    ("budget", "strategy"),
    [(1600, "majority:n=16"), (1599, "majority:n=4"), (399, "greedy"), (1, "greedy")],
)
def test_the_budget_leaves_out_what_costs_more(budget: int, strategy: str) -> None:
    assert decide(ARMS, price=0, budget=budget).strategy == strategy


def test_equal_utility_goes_to_the_cheaper_arm() -> None:
    assert decide([arm("majority:n=4", 0.5, 400), arm("greedy", 0.5, 100)], price=0).strategy == "greedy"


def test_it_is_the_distribution_that_decides_and_not_its_label() -> None:
    arms: list[dict[str, Any]] = [
        {"spec": "greedy", "easy": cell(0.9, 0), "medium": cell(0.1, 0), "hard": cell(0.0, 0)},
        {"spec": "majority:n=8", "easy": cell(0.85, 0), "medium": cell(0.5, 0), "hard": cell(0.4, 0)},
    ]
    bins = Distribution(0.4, 0.3, 0.3, 0.5)
    assert bins.label == "easy"
    assert decide(arms, bins=bins).strategy == "majority:n=8"


def test_a_given_strategy_overrules_the_table() -> None:
    decision = decide(ARMS, strategy="best_of_n:n=2", budget=1)
    assert (decision.strategy, decision.table_row) == ("best_of_n:n=2,select=max,aggregate=last", None)
    assert decision.reason == "the strategy was given"
    assert decision.difficulty == FLAT


def test_the_reason_names_the_row_and_the_figures() -> None:
    decision = decide(ARMS, price=0.2)
    assert decision.table_row == "mine/easy"
    assert "mine" in decision.reason
    assert "0.420 = accuracy 0.500 - 0.2 x 0.40 k tokens" in decision.reason
    assert "above the budget" not in decision.reason


def test_the_reason_says_what_the_budget_left_out() -> None:
    assert "2 of them above the budget of 399 tokens" in decide(ARMS, budget=399).reason
    reason = decide(ARMS, budget=5).reason
    assert "all of them above the budget of 5 tokens" in reason
    assert "cheapest" in reason
    assert "highest utility" not in reason


def test_a_rule_decides_by_the_label_and_says_that_nothing_was_measured() -> None:
    row = {
        "kind": "rule",
        "id": "prior",
        "source": "a paper",
        "size": "<7B",
        "easy": "greedy",
        "medium": "majority:n=4",
        "hard": "majority:n=8",
    }
    table = Table.model_validate({"schema_version": 1, "price": 0, "rows": [row]})
    for bins, strategy, name in (
        (Distribution(0.6, 0.3, 0.1, 0.5), "greedy", "easy"),
        (Distribution(0.3, 0.6, 0.1, 0.5), "majority:n=4", "medium"),
        (Distribution(0.3, 0.1, 0.6, 0.5), "majority:n=8", "hard"),
    ):
        [decision] = Chooser(cast(Predictor, Oracle(bins)), table, MODEL, "p").decide(["x"])
        assert (decision.strategy, decision.table_row) == (strategy, f"prior/{name}")
        assert (decision.accuracy, decision.tokens) == (None, None)
        for said in ("prior", "no measured arm for m", "a paper"):
            assert said in decision.reason
