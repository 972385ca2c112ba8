"""Where problems live: evenly spread, together, and away from a server that failed."""

from __future__ import annotations

from collections import Counter

import pytest

from compute_router.scoring.sglang.homes import REST_S, Homes


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_problems_spread_evenly_and_stay() -> None:
    homes = Homes(["a", "b", "c"])
    first = {f"p{n}": homes.of(f"p{n}") for n in range(31)}
    assert sorted(Counter(first.values()).values()) == [10, 10, 11]
    assert {problem: homes.of(problem) for problem in first} == first


def test_a_server_that_failed_rests_and_its_problem_moves() -> None:
    clock = Clock()
    homes = Homes(["a", "b"], clock=clock)
    assert homes.of("p") == "a"
    homes.read("p", (1, 2, 3))
    homes.failed("p")
    assert not homes.has_read("p")
    assert list(homes.known("p")) == []
    assert [homes.of(problem) for problem in ("p", "q", "r")] == ["b", "b", "b"]
    clock.now += REST_S + 1
    assert homes.of("s") == "a"


def test_one_server_that_failed_is_all_there_is() -> None:
    homes = Homes(["a"])
    homes.of("p")
    homes.failed("p")
    assert homes.of("p") == "a"


def test_what_a_server_read_of_another_problem_may_begin_alike() -> None:
    homes = Homes(["a"])
    homes.of("p")
    homes.read("p", (1, 2, 3))
    homes.read("p", (9, 9))  # known already
    homes.of("q")
    assert list(homes.known("p")) == list(homes.known("q")) == [1, 2, 3]
    assert homes.has_read("p")
    assert not homes.has_read("q")


def test_problems_long_gone_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compute_router.scoring.sglang.homes.MOST", 4)
    homes = Homes(["a", "b"])
    for n in range(20):
        homes.of(f"p{n}")
        homes.read(f"p{n}", (n,))
        homes.of("often")
    homes.read("often", (7,))
    assert [n for n in range(20) if homes.has_read(f"p{n}")] == [17, 18, 19]
    assert homes.has_read("often")
