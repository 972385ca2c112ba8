"""A strategy of a user's own goes the whole way: decision, search, row, run, sweep."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from router_kit import MakeRouter, untimed

from compute_router import Problem, Run, SolveOptions, Strategy
from compute_router.errors import RunError
from compute_router.factory import Settings, build
from compute_router.io.result_row import result_row
from compute_router.io.run_config import run_config
from compute_router.io.strategy_text import strategy_text
from compute_router.policies import Extend, Fork, Key, Limits, Outcome, Search, make, select, spec
from compute_router.policies import Path as SearchPath
from compute_router.training.sweep.arms import Arm
from compute_router.training.sweep.record import read_records
from compute_router.training.sweep.run_sweep import sweep

PROBLEMS = [Problem(f"p{i}", f"Compute {i} + {i}.", str(2 * i)) for i in range(6)]


def one(child: int, limits: Limits, heat: float) -> Search[SearchPath]:
    path: SearchPath = yield Extend(Key(0, (), child), SearchPath(), "end", limits.path_tokens, heat)
    return path


class Pair:
    """Two samples and a vote; no dataclass."""

    name: ClassVar[str] = "pair"
    needs_prm: ClassVar[bool] = False

    def search(self, limits: Limits) -> Search[Outcome]:
        paths_N = yield Fork(tuple(one(child, limits, limits.temperature) for child in range(2)))
        return (yield from select(paths_N, "vote"))


@dataclass(frozen=True)
class Ladder:
    """`rungs` samples, each hotter than the one before, and a vote."""

    name: ClassVar[str] = "ladder"
    needs_prm: ClassVar[bool] = False

    rungs: int = 3
    label: str = "a"

    def search(self, limits: Limits) -> Search[Outcome]:
        searches = tuple(one(child, limits, child / self.rungs) for child in range(self.rungs))
        return (yield from select((yield Fork(searches)), "vote"))


MINE = [(Pair(), "pair", 2), (Ladder(4), "ladder:rungs=4,label='a'", 4)]


@pytest.mark.parametrize(("strategy", "text", "paths"), MINE, ids=["plain class", "dataclass"])
def test_it_solves_one_problem_and_many(
    strategy: Strategy, text: str, paths: int, make_router: MakeRouter
) -> None:
    options = SolveOptions(strategy=strategy)
    with make_router() as router:
        result = router.solve("Compute 1 + 1.", options)
        many = list(router.solve_many(PROBLEMS, options))
        assert [decision.strategy for decision in router.decide(["x"], options)] == [strategy]
    assert result.decision is not None
    assert result.decision.strategy is strategy
    assert result.outcome is not None
    assert len(result.outcome.paths_N) == paths
    assert {one.problem.id for one in many} == {problem.id for problem in PROBLEMS}
    for found in many:
        row = result_row(found)
        assert row["decision"] is not None
        assert row["decision"]["strategy"] == text
        assert len(row["paths"]) == paths
        assert row["error"] is None


@pytest.mark.parametrize("strategy", [Pair(), Ladder()], ids=["plain class", "dataclass"])
def test_its_budget_is_a_hard_cap(strategy: Strategy, make_router: MakeRouter) -> None:
    with make_router() as router:
        for result in router.solve_many(PROBLEMS, SolveOptions(strategy=strategy, budget=40)):
            assert 0 < result.ledger.spent <= 40


def test_what_is_registered_keeps_its_spec() -> None:
    for text in ("greedy", "majority:n=8", "best_of_n:n=4", "beam:n=4,m=2"):
        assert strategy_text(make(text)) == spec(make(text))


@pytest.mark.parametrize("strategy", [Pair(), Ladder(4)], ids=["plain class", "dataclass"])
def test_a_run_of_it_goes_on_and_holds_the_same_rows(
    strategy: Strategy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("compute_router.factory.SCRIPTED_DELAY_S", 0.0)
    settings, options = Settings(engine="scripted"), SolveOptions(strategy=strategy)

    def solve(folder: Path, most: int, options: SolveOptions = options) -> None:
        with build(settings) as router, Run(folder, run_config(router, settings, PROBLEMS, options)) as run:
            waiting = [problem for problem in PROBLEMS if problem.id not in run.done]
            for result in router.solve_many(waiting[:most], options):
                run.append(result_row(result))

    def rows(folder: Path) -> dict[str, Any]:
        lines = (folder / "results.jsonl").read_text().splitlines()
        return {row["id"]: untimed(row) for row in map(json.loads, lines)}

    solve(tmp_path / "whole", len(PROBLEMS))
    solve(tmp_path / "resumed", 2)
    solve(tmp_path / "resumed", len(PROBLEMS))
    assert rows(tmp_path / "resumed") == rows(tmp_path / "whole")
    assert json.loads((tmp_path / "whole" / "config.json").read_text())["strategy"] == strategy_text(strategy)
    with pytest.raises(RunError, match="another configuration: strategy"):
        solve(tmp_path / "whole", 1, SolveOptions(strategy=Ladder(4, label="b")))


class Silent:
    def begin(self, *told: object) -> None: ...

    result = end = begin


def test_it_is_an_arm_of_a_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compute_router.factory.SCRIPTED_DELAY_S", 0.0)
    settings, arms = Settings(engine="scripted"), (Arm(Pair()), Arm(Ladder(4)), Arm(make("greedy")))
    with build(settings) as router:
        swept = sweep(PROBLEMS, arms, router, settings, tmp_path, Silent(), source="", command="")
    assert (swept.rows, swept.failed, swept.left) == (3 * len(PROBLEMS), 0, 0)
    assert {record.arm for record in read_records(swept.path)} == {"pair", MINE[1][1], "greedy"}
