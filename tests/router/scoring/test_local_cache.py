"""The local PRM's parts that need no torch: the prefix cache and the batches."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from compute_router.scoring.families.base import Layout
from compute_router.scoring.local_batch import Row, batches
from compute_router.scoring.local_cache import Known, PrefixCache


@dataclass(frozen=True)
class Fake:
    nbytes: int


def known(tokens: int, size: int = 10) -> Known:
    return Known(tokens, (0.5,), ((Fake(size), Fake(0)),))


def layout(*ids: int) -> Layout:
    """A step a token."""
    return Layout(ids, tuple(range(len(ids))))


def test_the_longest_known_prefix_is_found() -> None:
    cache = PrefixCache(100)
    cache.keep(layout(1), known(1))
    cache.keep(layout(1, 2), known(2))
    cache.keep(layout(1, 3, 4), known(3))
    assert [found.tokens for found in [cache.longest(layout(1, 2, 3, 4))] if found] == [2]
    assert [found.tokens for found in [cache.longest(layout(1, 3, 5))] if found] == [1]
    assert cache.longest(layout(2)) is None


def test_what_was_used_longest_ago_goes_first() -> None:
    cache = PrefixCache(20)
    cache.keep(layout(1), known(1))
    cache.keep(layout(2), known(1))
    assert cache.longest(layout(1))
    cache.keep(layout(3), known(1))
    assert cache.longest(layout(1))
    assert cache.longest(layout(3))
    assert cache.longest(layout(2)) is None


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 30)), max_size=50))
def test_the_cache_never_holds_more_than_it_may(kept: list[tuple[int, int]]) -> None:
    cache = PrefixCache(40)
    for name, size in kept:
        cache.keep(layout(name), known(1, size))
        held = [found for name in range(6) if (found := cache.longest(layout(name)))]
        assert sum(found.size for found in held) <= 40


def row(number: int, new: int, past: int) -> Row:
    return Row(number, (0,) * new, (new - 1,), known(past) if past else None)


@given(st.lists(st.tuples(st.integers(1, 100), st.integers(0, 100)), max_size=40))
def test_batches_hold_every_row_once_within_the_cap(sizes: list[tuple[int, int]]) -> None:
    rows = [row(number, new, past) for number, (new, past) in enumerate(sizes)]
    made = [*batches(rows, 300)]
    assert sorted(each.number for batch in made for each in batch) == [*range(len(rows))]
    for batch in made:
        padded = max(len(each.ids_N) for each in batch) + max(each.past for each in batch)
        assert len(batch) == 1 or len(batch) * padded <= 300


def test_rows_of_like_length_go_together() -> None:
    made = [*batches([row(0, 100, 0), row(1, 1, 0), row(2, 100, 0), row(3, 1, 0)], 200)]
    assert [[each.number for each in batch] for batch in made] == [[1, 3], [0, 2]]
