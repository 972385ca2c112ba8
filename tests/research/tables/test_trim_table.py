"""The shipped table: what is left out of it is never missed, and what is in it is needed."""

from __future__ import annotations

import hashlib
import json
import shlex
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute_router import difficulty
from compute_router.decide.allocation import frontier
from compute_router.decide.arm_selection import ArmSelection, arm_values
from compute_router.decide.chooser import Chooser
from compute_router.decide.price import Price
from compute_router.decide.table import MeasuredRow, Table, load_table
from compute_router.difficulty import Distribution, PolicyModel, Prediction, Predictor
from compute_router.io.data_files import data_path
from compute_router.io.problem_file import read_problems
from compute_router.solve_options import SolveOptions
from compute_router.training.tables.shrinkage_prior import ShrinkagePrior
from research.app import app
from research.tables.choosable import Choosable, choosable, simplex
from research.tables.trim_table import trimmed, trimmed_row
from support.places import ROOT
from support.table_kit import arm, measured

FULL = ROOT / "research" / "data" / "learned" / "table.json"
SHIPPED = ROOT / "configs" / "table.json"
FOUND = json.loads(FULL.with_suffix(".trimmed.json").read_text("utf-8"))

SPECS = ("greedy", "majority:n=2", "majority:n=4", "majority:n=8", "majority:n=16")


@cache
def rows(path: Path) -> dict[str, MeasuredRow]:
    return {row.id: row for row in load_table(path).rows if isinstance(row, MeasuredRow)}


IDS = tuple(rows(FULL))


# --- the files


def test_the_shipped_table_is_small() -> None:
    assert SHIPPED.stat().st_size < 100_000


def test_the_shipped_table_is_the_full_one_trimmed() -> None:
    """Where this fails, run the command again; the slow test below does."""
    assert FOUND["full"] == hashlib.sha256(FULL.read_bytes()).hexdigest()
    assert FOUND["trimmed"] == hashlib.sha256(SHIPPED.read_bytes()).hexdigest()
    assert [one["id"] for one in FOUND["rows"]] == list(IDS)
    assert all(row.source.endswith(f" && {FOUND['command']}") for row in rows(SHIPPED).values())


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_command_makes_the_shipped_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (FULL, SHIPPED):
        (tmp_path / name.relative_to(ROOT)).parent.mkdir(parents=True)
    here = tmp_path / FULL.relative_to(ROOT)
    here.write_bytes(FULL.read_bytes())
    monkeypatch.chdir(tmp_path)
    assert FOUND["command"].startswith("python -m research trim-table ")
    app(args=shlex.split(FOUND["command"])[3:], standalone_mode=False)
    assert (tmp_path / SHIPPED.relative_to(ROOT)).read_bytes() == SHIPPED.read_bytes()
    assert here.with_suffix(".trimmed.json").read_bytes() == FULL.with_suffix(".trimmed.json").read_bytes()


def test_what_is_kept_is_as_it_was() -> None:
    for id, row in rows(SHIPPED).items():
        full = rows(FULL)[id]
        assert row.arms_measured == len(full.arms) > len(row.arms)
        assert set(row.arms) <= set(full.arms)
        assert [one.spec for one in row.incumbents] == [one.spec for one in full.incumbents]
        for one, whole in zip(row.incumbents, full.incumbents, strict=True):
            of = {full.arms[gain.arm].spec: gain[1:] for gain in whole.gains}
            assert {row.arms[gain.arm].spec: gain[1:] for gain in one.gains}.items() <= of.items()
    rules = [[row for row in load_table(path).rows if row.kind == "rule"] for path in (FULL, SHIPPED)]
    assert rules[0] == rules[1]


# --- nothing is missed


@dataclass
class Oracle:
    bins: list[Distribution]

    def predict(self, problems: list[str], model: PolicyModel) -> list[Prediction]:
        return [Prediction(one, 0, 0, 0, 0, "logs") for one in self.bins]


def deciding(row: MeasuredRow, bins: list[Distribution], price: Price) -> Chooser:
    """By this row alone, be it of a domain or not."""
    table = Table(schema_version=3, price=0.25, rows=(row.model_copy(update={"domain": None}),))
    model = PolicyModel(row.policy_model or "", row.params or 1)
    return Chooser(cast(Predictor, Oracle(bins)), table, model, row.prm or "", price=price)


def distribution(weights: tuple[float, float, float]) -> Distribution:
    easy, medium, hard = (one / sum(weights) for one in weights)
    return Distribution(easy, medium, hard, 0.5)


shares = st.floats(0, 1) | st.floats(-9, 0).map(lambda k: 10.0**k)
distributions = st.tuples(shares, shares, shares).filter(lambda w: sum(w) > 1e-6).map(distribution)
prices = st.builds(
    Price,
    st.just(0.0) | st.floats(-4, 2).map(lambda k: 10.0**k),
    st.sampled_from(["tokens", "flops"]),
)


@given(
    id=st.sampled_from(IDS),
    bins=st.lists(distributions, min_size=1, max_size=12),
    price=prices,
    budget=st.none() | st.integers(1, 6000),
    average=st.none() | st.floats(0, 4).map(lambda k: 10.0**k),
)
@settings(max_examples=400, deadline=None)
def test_what_was_left_out_is_never_missed(
    id: str, bins: list[Distribution], price: Price, budget: int | None, average: float | None
) -> None:
    full, shipped = (
        deciding(rows(path)[id], bins, price).decide(
            ["a problem"] * len(bins), SolveOptions(budget=budget, average_budget=average)
        )
        for path in (FULL, SHIPPED)
    )
    assert shipped == full


@pytest.mark.parametrize("price", [0.0, 0.05, 0.25, 0.6])
@pytest.mark.parametrize("average", [None, 40.0, 300.0, 1500.0])
def test_the_demo_problems_are_decided_alike(price: float, average: float | None) -> None:
    predictor = difficulty.load(data_path("difficulty/manifest.json").parent)
    texts = [one.text for one in read_problems(data_path("problems/demo.jsonl"))]
    for model in {(row.policy_model, row.params, row.prm) for row in rows(FULL).values()}:
        name, params, prm = model
        full, shipped = (
            Chooser(
                predictor,
                load_table(path),
                PolicyModel(name or "", params or 1),
                prm or "",
                price=Price(price),
            ).decide(texts, SolveOptions(average_budget=average))
            for path in (FULL, SHIPPED)
        )
        assert shipped == full


# --- nothing is there in vain


def takes(row: MeasuredRow, case: dict[str, Any], spec: str) -> bool:
    """Whether the row takes the arm in that case."""
    bins_13 = np.array([case["bins"]])
    tokens_1A = arm_values(row, bins_13, 0.0)[1]
    allowed_1A = tokens_1A <= case.get("budget", np.inf) * (1 + 1e-12)
    specs = [one.spec for one in row.arms]
    if "average_budget" in case:
        value_1A, _ = arm_values(row, bins_13, case["average_budget"])
        arm_1K, _ = frontier(value_1A, np.where(allowed_1A, tokens_1A, np.nan))
        return specs.index(spec) in arm_1K
    selection = ArmSelection(row, Price(case["price"], case["price_unit"]))
    return (
        specs[selection.incumbent] == case["over"] and specs[selection.choose(bins_13, allowed_1A)[0]] == spec
    )


def test_every_arm_that_is_kept_is_chosen_in_the_case_that_is_named() -> None:
    for one in FOUND["rows"]:
        row, full = rows(SHIPPED)[one["id"]], rows(FULL)[one["id"]]
        assert [case["arm"] for case in one["kept"]] == [kept.spec for kept in row.arms]
        for case in one["kept"]:
            assert takes(row, case, case["arm"])
            assert takes(full, case, case["arm"])


# --- the search for what may be chosen


def row_of(*arms: dict[str, Any], incumbents: tuple[str, ...] = (), sd: float = 0.0) -> MeasuredRow:
    return MeasuredRow.model_validate(
        measured("mine", arms, policy_model="m", incumbents=incumbents, sd=sd) | {"params": 10**9}
    )


def places(found: Choosable, *uses: str) -> set[int]:
    return {arm for use in uses for _, arm in found[use]}


cells = st.tuples(st.floats(0, 1).map(lambda x: round(x, 3)), st.integers(1, 2000).map(float))
random_rows = st.builds(
    lambda figures, sd: row_of(*(arm(SPECS[k], *three) for k, three in enumerate(figures)), sd=sd),
    st.lists(st.tuples(cells, cells, cells), min_size=2, max_size=5),
    st.sampled_from([0.0, 0.02, 0.1]),
)


@given(random_rows, st.lists(st.tuples(prices, st.none() | st.integers(1, 2500)), max_size=12))
@settings(max_examples=40, deadline=None)
def test_no_arm_that_a_price_and_a_budget_choose_is_overlooked(
    row: MeasuredRow, ways: list[tuple[Price, int | None]]
) -> None:
    bins_B3 = simplex(4)
    found = choosable(row, bins_B3)
    tokens_BA = arm_values(row, bins_B3, 0.0)[1]
    for price, budget in ways:
        selection = ArmSelection(row, price)
        allowed_BA = tokens_BA <= (np.inf if budget is None else budget)
        able_B = allowed_BA.any(axis=1)
        gain_BA, doubt_BA = selection.gains(bins_B3)
        arm_B = selection.pick(gain_BA, doubt_BA, allowed_BA)
        # What is the best by rounding alone may be another.
        apart_B = np.sort(gain_BA, axis=1)[:, -2] < gain_BA.max(axis=1) - 1e-9
        taken = {(selection.incumbent, int(one)) for one in arm_B[able_B & apart_B]}
        assert taken <= set(found["price" if budget is None else "budget"])


def test_an_arm_that_another_beats_everywhere_may_not_be_chosen() -> None:
    row = row_of(
        arm("greedy", (0.4, 100.0)), arm("majority:n=2", (0.3, 200.0)), arm("majority:n=4", (0.6, 300.0))
    )
    found = choosable(row, simplex(10))
    assert places(found, *found) == {0, 2}


def test_an_arm_between_two_on_the_frontier_is_for_budgets_only() -> None:
    row = row_of(
        arm("greedy", (0.4, 100.0)), arm("majority:n=2", (0.45, 200.0)), arm("majority:n=4", (0.6, 300.0)),
        incumbents=("greedy", "majority:n=4"),
    )  # fmt: skip
    found = choosable(row, simplex(10))
    assert places(found, "price", "average budget") == {0, 2}
    assert 1 in places(found, "budget")
    assert 1 in places(found, "average budget and budget")


def test_a_narrow_interval_of_prices_is_found() -> None:
    """The second arm is the best from a price of 0.99999 to one of 1 only."""
    row = row_of(
        arm("greedy", (0.4, 100.0)), arm("majority:n=2", (0.5, 200.0)), arm("majority:n=4", (0.599999, 300.0))
    )
    assert places(choosable(row, simplex(3)), "price") == {0, 1, 2}


def test_trimming_again_changes_nothing() -> None:
    row = row_of(
        arm("greedy", (0.4, 100.0)), arm("majority:n=2", (0.3, 200.0)), arm("majority:n=4", (0.6, 300.0)),
        incumbents=("greedy", "majority:n=4"),
    )  # fmt: skip
    table = Table(schema_version=3, price=0.1, rows=(row,))
    once, told = trimmed(table, "trim", steps=10)
    [kept] = once.rows
    assert isinstance(kept, MeasuredRow)
    assert [one.spec for one in kept.arms] == ["greedy", "majority:n=4"]
    assert kept.source == "a test && trim"
    assert told["distributions"] == 66
    again = trimmed_row(kept, choosable(kept, simplex(10)), "again")
    assert (again.arms, again.incumbents) == (kept.arms, kept.incumbents)


# --- a trimmed row in use


def test_an_arm_whose_gain_is_not_listed_is_taken_only_where_no_other_may_be() -> None:
    row = rows(SHIPPED)["measured/Qwen2.5-Coder-1.5B-Instruct/arithmetic-checker"]
    selection = ArmSelection(row, Price(0.25))
    [listed] = [
        {gain.arm for gain in one.gains} | {selection.incumbent}
        for one in row.incumbents
        if one.spec == selection.arms[selection.incumbent]
    ]
    unlisted = sorted(set(range(len(row.arms))) - listed)
    assert len(unlisted) > 1
    bins_13 = np.full((1, 3), 1 / 3)
    allowed_1A = np.zeros((1, len(row.arms)), dtype=bool)
    allowed_1A[0, unlisted] = True
    assert selection.choose(bins_13, allowed_1A)[0] in unlisted
    allowed_1A[0, min(listed - {selection.incumbent})] = True
    assert selection.choose(bins_13, allowed_1A)[0] in listed


def test_a_trimmed_row_can_be_leaned_on() -> None:
    for row in rows(SHIPPED).values():
        leaning = ShrinkagePrior(row)
        known = [leaning.gain(one.spec, other.spec) for one in row.arms for other in row.arms]
        assert any(one is None for one in known)
        assert any(one is not None for one in known)
