"""Requests of one moment share a call: one at a time leaves, however many wait."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from compute_router.engines.sglang import calls
from compute_router.execute.scheduler import Scheduler
from compute_router.grading import Grader
from support.kit import FairScorer, jobs
from support.sglang_kit import make
from support.sglang_mock import SGLangMock


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When each call of /generate was sent off. (When it reaches the wire, a busy machine decides.)"""
    times: list[float] = []
    call = calls.Calls._call

    def recorded(self: calls.Calls, *members: Any) -> Any:
        times.append(asyncio.get_running_loop().time())
        return call(self, *members)

    monkeypatch.setattr(calls.Calls, "_call", recorded)
    return times


def test_a_beam_over_32_problems_makes_one_call_in_2_ms_at_most(sent: list[float]) -> None:
    async def main(mock: SGLangMock) -> int:
        async with make(mock) as engine:
            scheduler = Scheduler(engine, FairScorer(), Grader(), seed=0)
            solved = [one async for one in scheduler.run(jobs("beam:n=16,m=4", 32))]
        assert all(one.error is None for one in solved)
        return sum(len(one.outcome.paths_N) for one in solved if one.outcome)

    with SGLangMock().serving() as mock:
        paths = asyncio.run(main(mock))
    assert paths == 32 * 16
    gaps = [later - earlier for earlier, later in pairwise(sent)]
    # A timer may fire a clock's tick early.
    assert min(gaps) > calls.WINDOW_S - 1e-4
    assert len(mock.calls) == len(sent) < paths / 4
