"""Problems start while the engine has room for one more of the present kind."""

from __future__ import annotations

import asyncio

import pytest

from compute_router.engines import Extension, Request, ScriptedEngine
from compute_router.execute.admission import Admission
from support.kit import jobs, said, scheduler


def test_the_first_problem_starts_alone() -> None:
    admission = Admission(16)
    assert admission.has_room
    problem = admission.admit()
    assert not admission.has_room
    problem.ask()
    assert admission.has_room


def test_problems_that_have_not_asked_count_as_wide_as_the_others() -> None:
    admission = Admission(16)
    first = admission.admit()
    for _ in range(8):
        first.ask()
    admission.admit()  # expected to bring 8 as well
    assert admission.has_room
    admission.admit()
    assert not admission.has_room


def test_there_is_room_again_once_extensions_end() -> None:
    admission = Admission(4)
    first = admission.admit()
    for _ in range(8):
        first.ask()
    assert not admission.has_room
    admission.changed.clear()
    for _ in range(8):
        first.reply()
    assert admission.changed.is_set()
    assert admission.has_room
    admission.admit()
    assert not admission.has_room, "the next one may be as wide, though nothing is in flight now"


def test_a_problem_that_ends_without_asking_makes_room() -> None:
    admission = Admission(4)
    problem = admission.admit()
    admission.changed.clear()
    problem.end()
    assert admission.changed.is_set()
    assert admission.has_room


@pytest.mark.parametrize(
    ("spec", "side_by_side"), [("greedy", 16), ("majority:n=8", 3), ("majority:n=64", 1)]
)
def test_wide_searches_run_fewer_at_once(spec: str, side_by_side: int) -> None:
    in_flight: set[tuple[int, ...]] = set()
    most = 0

    async def script(request: Request) -> Extension:
        nonlocal most
        in_flight.add(request.prompt_T)
        most = max(most, len(in_flight))
        await asyncio.sleep(0.002)
        in_flight.discard(request.prompt_T)
        return said(request, "\\boxed{1}")

    async def main() -> int:
        return len([solved async for solved in scheduler(ScriptedEngine(script=script)).run(jobs(spec, 40))])

    assert asyncio.run(main()) == 40
    assert most <= side_by_side + 1
    assert most >= min(2, side_by_side)
