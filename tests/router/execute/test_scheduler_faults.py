"""A bad path is data, a bad reply is tried again, a bad score is no score; only a bug is an exception."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from compute_router.engines import Extension, Request, ScriptedEngine
from compute_router.errors import ContextOverflow, EngineError, ScorerError
from compute_router.execute import retry
from compute_router.execute.retry import MAX_ATTEMPTS
from compute_router.execute.scheduler import Solved
from compute_router.policies import Path
from support.kit import FairScorer, assert_no_task_is_left, jobs, said, scheduler, solve_all

Fault = Callable[[int, int], Exception | None]
"""(sample, attempt from 1) -> what is wrong with it."""


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between tries, which take no time here."""
    waited: list[float] = []
    wait = asyncio.wait

    async def recorded(futures: Any, **options: Any) -> Any:
        if options.get("timeout") is not None:
            waited.append(options["timeout"])
            options["timeout"] = 0
        return await wait(futures, **options)

    monkeypatch.setattr(retry, "FIRST_WAIT_S", 0.001)
    monkeypatch.setattr(asyncio, "wait", recorded)
    return waited


class Faulty:
    """Answers sample i with its number; `tries` counts the requests of each."""

    def __init__(self, fault: Fault) -> None:
        self.tries: Counter[int] = Counter()
        self._fault = fault
        self._first: int | None = None

    async def __call__(self, request: Request) -> Extension:
        if self._first is None:
            self._first = request.seed
        sample = request.seed - self._first
        self.tries[sample] += 1
        if error := self._fault(sample, self.tries[sample]):
            raise error
        return said(request, f"\\boxed{{{sample % 2}}}")


def solve(script: Faulty, spec: str = "majority:n=8", scorer: FairScorer | None = None) -> Solved:
    [solved] = solve_all(ScriptedEngine(script=script), jobs(spec, 1), scorer).values()
    return solved


def test_a_fault_that_passes_leaves_no_trace(waits: list[float]) -> None:
    script = Faulty(lambda i, at: EngineError("busy") if i == 3 and at < MAX_ATTEMPTS else None)
    solved, sound = solve(script), solve(Faulty(lambda i, at: None))
    assert solved.outcome == sound.outcome
    assert solved.ledger.policy == sound.ledger.policy
    assert (solved.error, solved.degraded) == (None, None)
    assert script.tries[3] == MAX_ATTEMPTS
    assert [wait for wait in waits if wait] == [0.001 * 2**i for i in range(MAX_ATTEMPTS - 1)]


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (EngineError("gone"), MAX_ATTEMPTS),
        (EngineError("no", retryable=False), 1),
        (ContextOverflow("full"), 1),
    ],
)
def test_a_fault_for_good_costs_its_own_path_alone(error: EngineError, tries: int) -> None:
    script = Faulty(lambda i, at: error if i == 3 else None)
    solved = solve(script)
    assert script.tries == Counter({i: tries if i == 3 else 1 for i in range(8)})
    assert solved.error is None
    assert solved.outcome is not None
    assert solved.outcome.answer == "0"  # four of the seven that are left
    assert [path.finish for path in solved.outcome.paths_N] == [
        "failed" if i == 3 else "stop" for i in range(8)
    ]
    assert solved.outcome.paths_N[3].error == str(error)


@pytest.mark.parametrize("spec", ["greedy", "majority:n=3", "best_of_n:n=3", "beam:n=4,m=2", "dvts:n=4,m=2"])
def test_where_all_paths_fail_the_problem_has_an_error(spec: str) -> None:
    solved = solve(Faulty(lambda i, at: EngineError("gone", retryable=False)), spec)
    assert isinstance(solved.error, EngineError)
    assert str(solved.error) == "gone"
    assert solved.outcome is not None
    assert solved.outcome.answer is None


@pytest.mark.parametrize("spec", ["beam:n=4,m=2", "dvts:n=4,m=2"])
def test_a_search_by_steps_goes_on_without_its_failed_paths(spec: str) -> None:
    asked = 0

    async def script(request: Request) -> Extension | None:
        nonlocal asked
        asked += 1
        if asked % 4 == 0:
            raise ContextOverflow("full")
        return None

    [solved] = solve_all(ScriptedEngine(script=script), jobs(spec, 1)).values()
    assert solved.error is None
    assert solved.outcome is not None
    assert solved.outcome.answer is not None
    assert "failed" in {path.finish for path in solved.outcome.paths_N}


def test_a_failed_path_gives_its_grant_back() -> None:
    script = Faulty(lambda i, at: EngineError("gone", retryable=False) if i < 3 else None)
    [solved] = solve_all(ScriptedEngine(script=script), jobs("majority:n=4", 1, 30)).values()
    assert solved.outcome is not None
    assert solved.outcome.answer == "1"


@pytest.mark.parametrize(("retryable", "tries"), [(True, MAX_ATTEMPTS), (False, 1)])
def test_a_problem_that_cannot_be_encoded_has_an_error(retryable: bool, tries: int) -> None:
    class Deaf(ScriptedEngine):
        tries = 0

        async def encode(self, problem: str, opening: str = "") -> tuple[int, ...]:
            self.tries += 1
            raise EngineError("cannot read", retryable=retryable)

    engine = Deaf()
    [solved] = solve_all(engine, jobs("majority:n=4", 1)).values()
    assert (solved.outcome, str(solved.error)) == (None, "cannot read")
    assert solved.ledger.spent == 0
    assert engine.tries == tries


def test_one_long_problem_leaves_the_others_alone() -> None:
    todo = jobs("majority:n=2", 3)
    long = "x" * 200
    solved = solve_all(ScriptedEngine(context=150), [*todo[:2], type(todo[2])("long", long, todo[2].search)])
    assert isinstance(solved["long"].error, ContextOverflow)
    assert all(solved[name].error is None for name in ("p0", "p1"))


def too_few(path: Path) -> tuple[float, ...]:
    return ()


def too_many(path: Path) -> tuple[float, ...]:
    return (0.5,) * (len(path.steps_S) + 1)


def not_a_number(path: Path) -> tuple[float, ...]:
    return (math.nan,) * len(path.steps_S)


def above_one(path: Path) -> tuple[float, ...]:
    return (1.2,) * len(path.steps_S)


def refused(path: Path) -> tuple[float, ...]:
    raise ScorerError("the PRM is gone")


@pytest.mark.parametrize("judge", [too_few, too_many, not_a_number, above_one, refused])
@pytest.mark.parametrize("spec", ["best_of_n:n=7", "best_of_n:n=7,select=weighted", "beam:n=7,m=1"])
def test_without_usable_scores_the_majority_decides_and_it_is_said(
    judge: Callable[[Path], tuple[float, ...]], spec: str
) -> None:
    solved = solve(Faulty(lambda i, at: None), spec, FairScorer(judge))
    assert solved.error is None
    assert solved.degraded is not None
    assert solved.degraded.startswith("a path could not be scored: the PRM")
    assert solved.outcome is not None
    assert solved.outcome.unscored
    assert solved.outcome.answer == "0"
    assert not any(path.scores_S for path in solved.outcome.paths_N)


@pytest.mark.parametrize("bad", [too_few, not_a_number, above_one])
def test_a_bad_score_never_moves_to_another_path(bad: Callable[[Path], tuple[float, ...]]) -> None:
    def own(path: Path) -> tuple[float, ...]:
        return tuple(len(step.text) / 1000 for step in path.steps_S)

    def judge(path: Path) -> tuple[float, ...]:
        return bad(path) if path.answer == "2" else own(path)

    async def script(request: Request) -> Extension:
        return said(request, f"{'so ' * (request.seed % 8)}\n\n\\boxed{{{request.seed % 4}}}")

    [solved] = solve_all(ScriptedEngine(script=script), jobs("best_of_n:n=8", 1), FairScorer(judge)).values()
    assert solved.outcome is not None
    assert solved.degraded is not None
    assert not solved.outcome.unscored
    assert solved.outcome.answer != "2"
    for path in solved.outcome.paths_N:
        assert path.scores_S == (() if path.answer == "2" else own(path))


def test_a_bug_is_raised_and_takes_everything_in_flight_with_it() -> None:
    async def script(request: Request) -> Extension:
        if request.prompt_T[-1] == ord("!") + 1:
            raise ZeroDivisionError("a bug")
        await asyncio.Event().wait()
        raise AssertionError("never")

    todo = jobs("majority:n=3", 4)
    todo[2] = type(todo[2])("p2", "Boom!", todo[2].search)

    async def main() -> None:
        with pytest.raises(ZeroDivisionError):
            _ = [solved async for solved in scheduler(ScriptedEngine(script=script)).run(todo)]
        await assert_no_task_is_left()

    asyncio.run(main())
