"""Tree search beside votes, on problems of which the truth is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from compute_router.difficulty.bins import BINS
from compute_router.training.sweep.record import Record, RecordedPath
from research.results.tree_search import beside_votes

TREE, SAMPLED = "beam:n=4,m=2,select=vote,aggregate=last", "best_of_n:n=16,select=weighted,aggregate=last"


def paths(right_N: Sequence[bool], answer: str) -> tuple[RecordedPath, ...]:
    """Wrong ones answer 2. Which spelling comes first decides a tie."""
    return tuple(
        RecordedPath(answer if right else "2", right_N.index(right), right, 100, (0.5,)) for right in right_N
    )


def sweep(problems: int, lift: float, *, samples: int = 16) -> list[Record]:
    """Of each problem plain samples, and a tree that is a vote of four others, `lift` of them mended."""
    rng = np.random.default_rng(5)
    found = []
    for at in range(problems):
        chance = rng.beta(0.6, 0.9)
        sampled = paths((rng.random(samples) < chance).tolist(), "13"[at % 2])
        tree = (rng.random(4) < chance).sum() + (rng.random() < 0.5) > 2 or rng.random() < lift
        found.append(Record(f"p-{at}", "m", SAMPLED.replace("16", str(samples)), None, paths=sampled))
        found.append(Record(f"p-{at}", "m", TREE, bool(tree), tokens=300))
    return found


def test_a_tree_that_is_a_vote_gains_nowhere() -> None:
    found = beside_votes(sweep(1500, 0.0), 0)
    assert [one.bin for one in found] == list(BINS)
    assert sum(one.problems for one in found) == pytest.approx(1500)
    for one in found:
        assert one.tokens == 300
        assert one.vote_tokens == 400
        assert one.difference == pytest.approx(one.accuracy - one.vote)
        # On the samples that vote, the hard ones would be 0.1 in the tree's favour.
        assert abs(one.difference) < 0.04, one
        assert one.interval[0] < one.difference < one.interval[1]


def test_a_tree_that_is_better_on_what_a_vote_fails_is_seen_to_be() -> None:
    found = {one.bin: one for one in beside_votes(sweep(600, 0.3), 0)}
    assert found["hard"].interval[0] > 0.15
    assert found["hard"].difference > found["easy"].difference


def test_a_tree_without_enough_samples_beside_it_is_left_out() -> None:
    assert beside_votes(sweep(5, 0.0, samples=4), 0) == []
    assert len(beside_votes(sweep(5, 0.0, samples=5), 0)) == len(BINS)
    assert beside_votes([one for one in sweep(5, 0.0) if one.arm == TREE], 0) == []


def test_the_same_seed_gives_the_same_figures() -> None:
    records = sweep(40, 0.1)
    assert repr(beside_votes(records, 3)) == repr(beside_votes(records, 3))
    assert repr(beside_votes(records, 3)) != repr(beside_votes(records, 4))
