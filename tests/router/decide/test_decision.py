"""The choice among measured arms: the stated utility, the budget, the explanation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compute_router.decide.chooser import Chooser
from compute_router.decide.decision import Decision
from compute_router.decide.price import Price
from compute_router.decide.table import Table
from compute_router.difficulty import Distribution, PolicyModel, Prediction, Predictor
from compute_router.errors import InputError
from compute_router.factory import Settings, chooser
from compute_router.io.data_files import data_path
from compute_router.io.problem_file import read_problems
from compute_router.policies import make, spec
from compute_router.solve_options import SolveOptions
from support.table_kit import BINS, arm, measured, rule, table

SPECS = ("greedy", "majority:n=2", "majority:n=4", "majority:n=8", "majority:n=16", "majority:n=32")
MODEL = PolicyModel("m", 10**9)
FLAT = Distribution(0.5, 0.3, 0.2, 0.5)


@dataclass
class Oracle:
    """Predicts the distributions that it is given, in turn."""

    bins: tuple[Distribution, ...]

    def predict(self, problems: list[str], model: PolicyModel) -> list[Prediction]:
        given = (self.bins * len(problems))[: len(problems)]
        return [Prediction(one, 0, 0, 0, 0, "logs") for one in given]


def deciding(*rows: dict[str, Any], price: float = 0.1, bins: tuple[Distribution, ...] = (FLAT,)) -> Chooser:
    content = Table.model_validate(table(*rows, price=price))
    return Chooser(cast(Predictor, Oracle(bins)), content, MODEL, "p")


def decide(
    arms: Sequence[dict[str, Any]],
    *,
    price: float = 0.1,
    bins: Distribution = FLAT,
    budget: int | None = None,
    strategy: str | None = None,
    sd: float = 0.0,
) -> Decision:
    chooser = deciding(measured("mine", arms, policy_model="m", sd=sd), price=price, bins=(bins,))
    options = SolveOptions(strategy=make(strategy) if strategy else None, budget=budget)
    [decision] = chooser.decide(["a problem"], options)
    return decision


figures = st.tuples(st.floats(0, 1), st.floats(0, 10**5))
arms_of = st.lists(st.sampled_from(SPECS), min_size=1, max_size=6, unique=True).flatmap(
    lambda specs: st.tuples(*(st.builds(arm, st.just(spec), figures, figures, figures) for spec in specs))
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
    options = SolveOptions(budget=budget)
    together = decided.decide(REAL, options)
    assert together == [decided.decide([text], options)[0] for text in REAL]
    assert decided.decide(REAL[::-1], options) == together[::-1]


def outlook(arm: dict[str, Any], bins: Distribution) -> tuple[float, float]:
    shares = {name: getattr(bins, name) for name in BINS}
    accuracy = sum(shares[name] * arm[name]["accuracy"] for name in BINS)
    cost = sum(shares[name] * (arm[name]["tokens"] + arm[name]["prm_tokens"]) for name in BINS)
    return accuracy, cost


@given(arms_of, distributions(), st.floats(0, 10), st.none() | st.integers(1, 2 * 10**5))
def test_the_choice_maximises_the_stated_utility_where_gains_are_certain(
    arms: tuple[dict[str, Any], ...], bins: Distribution, price: float, budget: int | None
) -> None:
    decision = decide(arms, price=price, bins=bins, budget=budget)
    of = {arm["spec"]: outlook(arm, bins) for arm in arms}
    accuracy, cost = of[spec(decision.strategy)]
    assert (decision.accuracy, decision.tokens) == pytest.approx((accuracy, cost), abs=1e-6)

    affordable = [one for one in of.values() if budget is None or one[1] <= budget]
    if affordable:
        best = max(accuracy - price * cost / 1000 for accuracy, cost in affordable)
        assert accuracy - price * cost / 1000 == pytest.approx(best, abs=1e-6)
        assert budget is None or cost <= budget
    else:
        assert cost == pytest.approx(min(cost for _, cost in of.values()))


@given(arms_of, distributions(), st.floats(0, 10))
def test_where_nothing_is_certain_every_problem_gets_the_best_fixed_arm(
    arms: tuple[dict[str, Any], ...], bins: Distribution, price: float
) -> None:
    thirds = Distribution(1 / 3, 1 / 3, 1 / 3, 0.5)
    of = {arm["spec"]: outlook(arm, thirds) for arm in arms}
    values = {name: accuracy - price * cost / 1000 for name, (accuracy, cost) in of.items()}
    chosen = decide(arms, price=price, bins=bins, sd=1e9).strategy
    assert values[spec(chosen)] == pytest.approx(max(values.values()), abs=1e-6)


ARMS = [
    arm("greedy", (0.4, 100)),
    arm("majority:n=4", (0.5, 400)),
    arm("majority:n=16", (0.6, 1600)),
]


@pytest.mark.parametrize(
    ("price", "strategy"), [(0, "majority:n=16"), (0.2, "majority:n=4"), (10**6, "greedy")]
)
def test_the_price_trades_accuracy_for_tokens(price: float, strategy: str) -> None:
    assert decide(ARMS, price=price).strategy == make(strategy)


@pytest.mark.parametrize(
    ("budget", "strategy"),
    [(1600, "majority:n=16"), (1599, "majority:n=4"), (399, "greedy"), (1, "greedy")],
)
def test_the_budget_leaves_out_what_costs_more(budget: int, strategy: str) -> None:
    assert decide(ARMS, price=0, budget=budget).strategy == make(strategy)


def test_equal_utility_goes_to_the_cheaper_arm() -> None:
    arms = [arm("majority:n=4", (0.5, 400)), arm("greedy", (0.5, 100))]
    assert decide(arms, price=0).strategy == make("greedy")


def test_it_is_the_distribution_that_decides_and_not_its_label() -> None:
    arms = [
        arm("greedy", (0.9, 0), (0.1, 0), (0.0, 0)),
        arm("majority:n=8", (0.85, 0), (0.5, 0), (0.4, 0)),
    ]
    bins = Distribution(0.4, 0.3, 0.3, 0.5)
    assert bins.label == "easy"
    assert decide(arms, bins=bins).strategy == make("majority:n=8")


def test_a_given_strategy_overrules_the_table() -> None:
    decision = decide(ARMS, strategy="best_of_n:n=2", budget=1)
    assert (decision.strategy, decision.table_row) == (make("best_of_n:n=2"), None)
    assert decision.reason == "the strategy was given"
    assert decision.difficulty == FLAT


HARD = Distribution(0.0, 0.1, 0.9, 0.05)


def test_the_reason_names_the_row_and_why_the_best_fixed_arm_stays() -> None:
    decision = decide(ARMS, price=0.2)
    assert decision.table_row == "mine/easy"
    assert decision.reason == (
        "mine: of 3 measured arms none beats beyond its uncertainty the best fixed arm, vote-4, "
        "at a price of 0.2 a 1,000 tokens; accuracy 0.500, 0.40 k tokens"
    )


def test_the_reason_says_what_another_arm_gains_and_how_surely() -> None:
    arms = [arm("greedy", (0.9, 100)), arm("majority:n=8", (0.5, 100), (0.5, 100), (0.95, 100))]
    decision = decide(arms, bins=Distribution(0.0, 0.0, 1.0, 0.05), sd=0.02)
    assert decision.strategy == make("majority:n=8")
    assert "utility +0.050 (standard error 0.020) over the best fixed arm, greedy" in decision.reason
    assert decide(arms, bins=Distribution(0.0, 0.0, 1.0, 0.05), sd=0.2).strategy == make("greedy")


def test_the_reason_says_what_the_budget_left_out() -> None:
    assert "(of those within the budget of 399 tokens)" in decide(ARMS, budget=399).reason
    assert "(of those within the budget of 9999 tokens)" in decide(ARMS, budget=9999).reason
    assert "all of them above the budget of 5 tokens, so the cheapest" in decide(ARMS, budget=5).reason


EASY = Distribution(1.0, 0.0, 0.0, 0.9)
MIXED = (EASY, HARD, FLAT, EASY, HARD)


def shared(average: float, **how: Any) -> list[Decision]:
    arms = [
        arm("greedy", (0.9, 100), (0.3, 100), (0.1, 100)),
        arm("majority:n=8", (0.91, 800), (0.6, 800), (0.5, 800)),
    ]
    chooser = deciding(measured("mine", arms, policy_model="m"), bins=MIXED)
    return chooser.decide(["a problem"] * len(MIXED), SolveOptions(average_budget=average, **how))


@pytest.mark.parametrize(("average", "dear"), [(100, 0), (239, 0), (240, 1), (380, 2), (520, 3), (800, 5)])
def test_an_average_budget_goes_where_it_buys_most(average: float, dear: int) -> None:
    """Hard problems gain 0.39 for 700 tokens, the flat one 0.175, easy ones 0.01."""
    found = shared(average)
    where = [k for k, one in enumerate(found) if one.strategy == make("majority:n=8")]
    assert where == sorted([1, 4, 2, 0, 3][:dear])
    tokens = [one.tokens or 0.0 for one in found]
    assert sum(tokens) <= average * len(tokens)
    assert all("mine: of 2 measured arms by an average budget" in one.reason for one in found)


def test_an_average_budget_keeps_to_the_budget_of_a_problem() -> None:
    assert {one.strategy for one in shared(800, budget=500)} == {make("greedy")}


def test_an_average_budget_below_the_cheapest_arms_takes_these_and_says_so() -> None:
    found = shared(50)
    assert {one.strategy for one in found} == {make("greedy")}
    assert "exceeds the average budget of 50 tokens" in found[0].reason


def test_an_average_budget_needs_arms_that_were_measured() -> None:
    with pytest.raises(InputError, match="prior has none"):
        deciding(rule("prior", size="<7B")).decide(["x"], SolveOptions(average_budget=100))


def test_the_price_of_the_chooser_takes_the_place_of_the_tables() -> None:
    content = Table.model_validate(table(measured("mine", ARMS, policy_model="m"), price=10**6))
    oracle = cast(Predictor, Oracle((FLAT,)))
    assert Chooser(oracle, content, MODEL, "p").decide(["x"])[0].strategy == make("greedy")
    [decision] = Chooser(oracle, content, MODEL, "p", price=Price(0)).decide(["x"])
    assert decision.strategy == make("majority:n=16")
    [decision] = Chooser(oracle, content, MODEL, "p", price=Price(0.1, "flops")).decide(["x"])
    assert (decision.strategy, decision.tokens) == (make("majority:n=4"), 400)
    assert "at a price of 0.1 a 1e12 FLOPs" in decision.reason


def test_a_rule_decides_by_the_label_and_says_that_nothing_was_measured() -> None:
    prior = {**rule("prior", "greedy", "majority:n=4", "majority:n=8", size="<7B"), "source": "a paper"}
    for bins, strategy, name in (
        (Distribution(0.6, 0.3, 0.1, 0.5), "greedy", "easy"),
        (Distribution(0.3, 0.6, 0.1, 0.5), "majority:n=4", "medium"),
        (Distribution(0.3, 0.1, 0.6, 0.5), "majority:n=8", "hard"),
    ):
        [decision] = deciding(prior, bins=(bins,)).decide(["x"])
        assert (decision.strategy, decision.table_row) == (make(strategy), f"prior/{name}")
        assert (decision.accuracy, decision.tokens) == (None, None)
        for said in ("prior", "no measured arm for m", "a paper"):
            assert said in decision.reason
