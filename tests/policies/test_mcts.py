"""Monte-Carlo tree search: where it goes next, what it finds, and when it ends."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from treequest import StandardMCTS

from compute_router.policies import Extend, Finish, Limits, Path, make
from support.drive import Driven, World, draw, drive, faulty, toy_world, write

LIMITS = Limits(steps=6)
Lineage = tuple[int, ...]


def known_tree(seed: int, depth: int, branching: int, noise: float) -> dict[Lineage, float]:
    """A value for every node of a whole tree: a leaf's is random, another's is the mean of the leaves below
    it, up to `noise`."""
    random = Random(seed)
    leaves = {leaf: random.random() for leaf in product(range(branching), repeat=depth)}
    values = dict(leaves)
    for length in range(depth):
        for node in product(range(branching), repeat=length):
            below = [value for leaf, value in leaves.items() if leaf[:length] == node]
            mean = sum(below) / len(below)
            values[node] = min(1.0, max(0.0, mean + random.uniform(-noise, noise)))
    return values


def named(ask: Extend) -> Lineage:
    return (*ask.key.parent, ask.key.child)


def tree_world(
    value: Callable[[Lineage], float],
    depth: int,
    logprob: Callable[[Lineage], float] = lambda at: -0.5,
    ends: Callable[[Lineage], bool] = lambda at: False,
) -> World:
    """Every path ends at `depth`, and where it `ends`."""

    def extend(ask: Extend) -> Path:
        at = named(ask)
        if len(at) == depth or ends(at):
            return write(ask, f"\\boxed{{{at}}}", "stop", logprob(at))
        return write(ask, f"{at}\n\n", "open", logprob(at))

    return World(extend, lambda path: tuple(value(path.lineage[: i + 1]) for i in range(len(path.steps_S))))


def turns(driven: Driven, m: int) -> list[Lineage]:
    """The leaf that each turn expanded; first come, first served, a turn's asks stand together."""
    parents = [ask.key.parent for ask in driven.extends]
    assert all(parents[i] == parents[i - i % m] for i in range(len(parents)))
    return parents[::m]


@pytest.mark.parametrize(("depth", "branching"), [(3, 2), (3, 3), (3, 4), (4, 2), (4, 3)])
@given(seed=st.integers(0, 10_000))
@settings(max_examples=5, deadline=None)
def test_with_enough_turns_the_best_leaf_is_found(depth: int, branching: int, seed: int) -> None:
    values = known_tree(seed, depth, branching, noise=0.1)
    best = max(product(range(branching), repeat=depth), key=lambda leaf: values[leaf])
    text = f"mcts:n={branching**depth},m={branching},select=max"
    outcome = drive(make(text).search(LIMITS), tree_world(values.__getitem__, depth)).outcome
    assert outcome.answer == str(best)
    assert len(outcome.paths_N) == branching**depth


def peer(values: dict[Lineage, float], depth: int, branching: int, nodes: int) -> set[Lineage]:
    """The nodes that treequest's MCTS has when it has written as many as `nodes`."""
    made: set[Lineage] = set()

    def write_on(at: Lineage | None) -> tuple[Lineage, float]:
        parent = at or ()
        if len(parent) == depth:  # it does not know an end: a solution stays as it is, at no cost
            return parent, values[parent]
        child = next((*parent, i) for i in range(branching) if (*parent, i) not in made)
        made.add(child)
        return child, values[child]

    algorithm: StandardMCTS[Lineage] = StandardMCTS(samples_per_action=branching)
    state = algorithm.init_tree()
    for _ in range(4 * nodes):
        if len(made) == nodes:
            break
        state = algorithm.step(state, {"write": write_on}, inplace=True)
    return made


@pytest.mark.parametrize(("depth", "branching", "n"), [(3, 3, 5), (4, 2, 4), (3, 4, 12), (4, 3, 16)])
def test_it_finds_the_best_leaf_as_often_as_its_peer_from_as_many_nodes(
    depth: int, branching: int, n: int
) -> None:
    ours = theirs = 0
    for seed in range(100):
        values = known_tree(seed, depth, branching, noise=0.1)
        best = max(product(range(branching), repeat=depth), key=lambda leaf: values[leaf])
        search = make(f"mcts:n={n},m={branching},select=max").search(LIMITS)
        driven = drive(search, tree_world(values.__getitem__, depth))
        ours += best in {path.lineage for path in driven.outcome.paths_N}
        theirs += best in peer(values, depth, branching, len(driven.extends))
    assert ours >= theirs - 5  # of 100


@given(seed=st.integers(0, 10_000), m=st.integers(1, 3), depth=st.integers(2, 5))
@settings(max_examples=50, deadline=None)
def test_every_turn_goes_where_puct_points(seed: int, m: int, depth: int) -> None:
    def value(at: Lineage) -> float:
        return draw(seed, at, "value") % 1000 / 1000

    def logprob(at: Lineage) -> float:
        return -(draw(seed, at, "logprob") % 1000) / 500

    def ends(at: Lineage) -> bool:
        return len(at) == depth or draw(seed, at, "ends") % 5 == 0

    world = tree_world(value, depth, logprob, ends)
    driven = drive(make(f"mcts:n={4 * m},m={m}").search(LIMITS), world)
    known: list[Lineage] = []

    def puct(node: Lineage) -> float:
        below = [value(at) for at in known if at[: len(node)] == node]
        family = [at for at in known if len(at) < len(node) or at[: len(node) - 1] == node[:-1]]
        siblings = [at for at in family if len(at) == len(node)]
        visits = len([at for at in known if at[: len(node) - 1] == node[:-1] and at])
        prior = math.exp(logprob(node)) / sum(math.exp(logprob(at)) for at in siblings)
        return sum(below) / len(below) + 1.25 * prior * math.sqrt(visits) / (1 + len(below))

    def open_below(node: Lineage) -> bool:
        expanded = [at for at in known if at[:-1] == node and at]
        return any(map(open_below, expanded)) if expanded else not ends(node)

    leaf: Lineage = ()
    for turn in turns(driven, m):
        while any(at[:-1] == leaf for at in known):
            leaf = max((at for at in known if at[:-1] == leaf and open_below(at)), key=puct)
        assert turn == leaf
        known += [(*leaf, child) for child in range(m)]
        if any(ends((*leaf, child)) for child in range(m)):  # a solution: back to the root
            leaf = ()


def test_visits_gather_below_the_better_child() -> None:
    def visits(value: Callable[[Lineage], float], logprob: Callable[[Lineage], float]) -> list[int]:
        driven = drive(make("mcts:n=30,m=3").search(LIMITS), tree_world(value, 5, logprob))
        return [sum(at[:1] == (child,) for at in turns(driven, 3)) for child in range(3)]

    low, middle, high = visits(lambda at: (0.1, 0.3, 0.9)[at[0]], lambda at: -0.5)
    assert 0 < low <= middle < high
    # Of equal values, the likelier step.
    likely, rare, mid = visits(lambda at: 0.5, lambda at: (-0.1, -3.0, -1.0)[at[0]])
    assert likely > mid > rare


def test_a_prm_without_an_opinion_does_not_keep_it_from_the_end() -> None:
    for n, m, depth in ((4, 4, 20), (16, 4, 30), (8, 2, 40)):
        driven = drive(make(f"mcts:n={n},m={m}").search(Limits()), tree_world(lambda at: 0.5, depth))
        assert n <= len(driven.outcome.paths_N) < n + m
        assert len(driven.extends) <= n * m * depth


def test_a_failed_child_is_neither_a_solution_nor_the_end_of_the_way_down() -> None:
    world = tree_world(lambda at: 0.5, 5)

    def extend(ask: Extend) -> Path:
        return world.extend(ask) if ask.key.child else ask.path.end(0, "failed", "gone")

    driven = drive(make("mcts:n=6,m=3").search(LIMITS), World(extend, world.score))
    finishes = [path.finish for path in driven.outcome.paths_N]
    assert finishes.count("stop") == 6
    way_down = turns(driven, 3)[:5]
    assert [len(at) for at in way_down] == [0, 1, 2, 3, 4]
    assert all(0 not in at for at in turns(driven, 3))


def test_no_more_turns_than_n_paths_of_the_greatest_depth_would_take() -> None:
    def extend(ask: Extend) -> Path:
        at = named(ask)
        return ask.path.end(ask.key.child, "failed", "gone") if len(at) == 5 else write(ask, f"{at}\n\n")

    driven = drive(
        make("mcts:n=4,m=3").search(LIMITS), World(extend, lambda path: (0.5,) * len(path.steps_S))
    )
    assert len(turns(driven, 3)) == 4 * LIMITS.steps


def test_steps_of_impossible_tokens_have_no_prior() -> None:
    world = tree_world(lambda at: 0.5, 3, lambda at: -math.inf)
    assert drive(make("mcts:n=4,m=2").search(LIMITS), world).outcome.answer is not None


@given(seed=st.integers(0, 1000), m=st.integers(1, 4), more=st.integers(0, 8), fails=st.booleans())
@settings(max_examples=100, deadline=None)
def test_no_node_is_expanded_twice_and_none_that_has_ended(seed: int, m: int, more: int, fails: bool) -> None:
    n = m + more
    world = toy_world(seed, distinct=True)
    driven = drive(make(f"mcts:n={n},m={m}").search(LIMITS), faulty(world, seed) if fails else world)
    leaves = turns(driven, m)
    assert len(leaves) == len(set(leaves)) <= n * LIMITS.steps
    ended = {path.lineage for path in driven.outcome.paths_N}
    assert not ended & set(leaves)
    assert max(map(len, ended)) <= LIMITS.steps
    solutions = [path for path in driven.outcome.paths_N if path.finish != "failed"]
    assert len(solutions) < n + m
    if not fails:
        assert len(solutions) >= n or all(at in ended or at in leaves for at in map(named, driven.extends))


@pytest.mark.parametrize("finish", ["failed", "budget", "deadline", "length"])
@pytest.mark.parametrize("depth", [0, 2])
def test_where_everything_ends_the_search_does(finish: Finish, depth: int) -> None:
    def extend(ask: Extend) -> Path:
        if len(ask.path.steps_S) < depth:
            return write(ask, f"{named(ask)} \\boxed{{1}}\n\n")
        return ask.path.end(ask.key.child, finish)

    driven = drive(
        make("mcts:n=8,m=2").search(LIMITS), World(extend, lambda path: (0.5,) * len(path.steps_S))
    )
    assert {path.finish for path in driven.outcome.paths_N} == {finish}
    assert driven.outcome.answer == ("1" if depth else None)
    assert len(driven.extends) <= 2 + 4 + 8
