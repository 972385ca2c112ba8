"""Seeds come from names: the same everywhere, different for everything that has another name."""

from __future__ import annotations

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from compute_router.execute.seeds import seed_of
from compute_router.policies import MAX_N, Key

KEYS = st.builds(Key, st.integers(0, 64), st.lists(st.integers(0, MAX_N), max_size=4).map(tuple), st.just(0))
NAMES = st.tuples(st.integers(0, 2**63), st.text(max_size=20), KEYS)


@given(NAMES, st.integers(0, MAX_N))
def test_siblings_are_consecutive_and_in_range(name: tuple[int, str, Key], child: int) -> None:
    seed, problem, key = name
    first = seed_of(seed, problem, key)
    assert seed_of(seed, problem, Key(key.tree, key.parent, child)) == first + child
    assert 0 <= first <= first + MAX_N < 2**31


@given(NAMES, NAMES)
def test_another_name_is_another_seed(one: tuple[int, str, Key], other: tuple[int, str, Key]) -> None:
    assert (seed_of(*one) == seed_of(*other)) == (one == other)


def test_every_part_of_the_name_counts() -> None:
    names = [
        (0, "p", Key(0, (), 0)),
        (1, "p", Key(0, (), 0)),
        (0, "q", Key(0, (), 0)),
        (0, "p", Key(1, (), 0)),
        (0, "p", Key(0, (0,), 0)),
        (0, "p", Key(0, (0, 0), 0)),
        (0, "p", Key(0, (1, 2), 0)),
        (0, "p", Key(0, (12,), 0)),
        (0, "p", Key(1, (2,), 0)),
        (0, "p", Key(12, (), 0)),
        (0, "p1", Key(2, (), 0)),
        (0, "p\x1f0", Key(0, (), 0)),
        (0, "p\ud800", Key(0, (), 0)),
    ]
    assert len({seed_of(*name) for name in names}) == len(names)


def test_a_seed_is_the_same_in_every_process() -> None:
    name = "3, 'p1', Key(2, (0, 5), 1)"
    code = (
        f"from policies import Key; from compute_router.execute.seeds import seed_of; print(seed_of({name}))"
    )
    printed = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert printed == [f"{seed_of(3, 'p1', Key(2, (0, 5), 1))}\n"] * 2
