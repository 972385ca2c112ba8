"""An early stop: when it may come, that it costs no more than could be needed, and changes nothing it
should not."""

from __future__ import annotations

from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from compute_router.policies import Extend, Group, Limits, Path, make
from compute_router.policies.stop import Lead, Stop, standing, stop_rule
from support.drive import Driven, World, draw, drive, faulty, one_value, toy_world, write

LIMITS = Limits(steps=6)
ANSWERS = st.sampled_from(["1", "1", "2", "1/2", "0.5", "x", None])
VALUES = st.integers(0, 16).map(lambda k: k / 16)
SAMPLES = st.lists(st.tuples(ANSWERS, VALUES), min_size=1, max_size=12)
RULES = st.sampled_from(["certain", "0.5", "0.7", "0.8", "0.95", "0.99"])


def samples(drawn: list[tuple[str | None, float]]) -> World:
    """Chain i says answer i and is worth value i."""

    def extend(ask: Extend) -> Path:
        answer = drawn[ask.key.child][0]
        return write(ask, f"{ask.key.child} none" if answer is None else f"\\boxed{{{answer}}}", "stop")

    return World(extend, lambda path: (drawn[path.lineage[0]][1],))


def votes(first: int, second: int) -> Lead:
    """The standing of a vote without weights."""
    return Lead(first, second, first, second)


def sure(first: float, second: float) -> float:
    """P(p > 1/2) of arXiv 2305.11860, by scipy."""
    return float(beta.sf(0.5, first + 1, second + 1))


@pytest.mark.parametrize("second", [0, 1, 2, 3, 7, 20, 100])
def test_confidence_is_that_of_the_beta_posterior(second: int) -> None:
    for more in (1, 2, 3, 5, 10, 40):
        lead = votes(second + more, second)
        chance = sure(second + more, second)
        assert Stop(chance - 1e-9).settled(lead, 10**6)
        assert not Stop(chance + 1e-9).settled(lead, 10**6)


def test_the_posterior_counts_votes_and_not_weights() -> None:
    chance = sure(3, 2)
    for first, second in ((3.0, 2.0), (0.3, 0.2), (0.3, 0.0)):
        assert Stop(chance - 1e-9).settled(Lead(first, second, 3, 2), 10**6)
        assert not Stop(chance + 1e-9).settled(Lead(first, second, 3, 2), 10**6)


def test_the_leader_has_to_lead_by_weight_and_by_votes() -> None:
    assert Stop(0.5).settled(Lead(1.0, 0.5, 5, 0), 9)
    assert not Stop(0.5).settled(Lead(1.0, 1.0 - 1e-12, 5, 0), 9)
    assert not Stop(0.5).settled(Lead(1.0, 0.5, 2, 2), 9)
    assert not Stop(0.5).settled(Lead(1.0, 0.5, 1, 7), 9)


@pytest.mark.parametrize("weight", [0.0, 0.4, 1.0, 5.0])
@pytest.mark.parametrize("to_come", [0, 1, 9])
def test_a_tie_is_never_settled(weight: float, to_come: int) -> None:
    for each in (0, 1, 5):
        assert not Stop(0.5).settled(Lead(weight, weight, each, each), to_come)
        assert not Stop(None).settled(Lead(weight, weight, each, each), to_come)


@given(
    first=st.integers(0, 30), behind=st.integers(0, 30), to_come=st.integers(1, 40), rule=RULES,
    likely=st.integers(1, 3), most=st.integers(1, 3),
)  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_a_wave_is_the_fewest_that_could_settle_it(
    first: int, behind: int, to_come: int, rule: str, likely: int, most: int
) -> None:
    second = max(0, first - behind)
    wave = the(rule).wave(votes(first, second), to_come, likely, most)

    def enough(more: int) -> bool:
        got = first + more * likely
        return got > second + (to_come - more) * most or (
            rule != "certain" and got > second and sure(got, second) >= float(rule)
        )

    assert wave == next((more for more in range(1, to_come) if enough(more)), to_come)


def test_a_large_wave_is_found_at_once() -> None:
    lead = votes(2000, 2000)
    wave = Stop(0.95).wave(lead, 4096)
    assert sure(2000 + wave - 1, 2000) < 0.95 <= sure(2000 + wave, 2000)


def the(rule: str) -> Stop:
    stop = stop_rule(rule)
    assert stop is not None
    return stop


def test_never_is_no_rule() -> None:
    assert stop_rule("never") is None


@given(drawn=SAMPLES)
@settings(max_examples=50, deadline=None)
@pytest.mark.parametrize("rule", ["vote", "weighted"])
def test_the_standing_is_that_of_the_two_strongest_answers(
    drawn: list[tuple[str | None, float]], rule: str
) -> None:
    world = samples(drawn)
    paths = drive(make(f"best_of_n:n={len(drawn)}").search(LIMITS), world).outcome.paths_N
    search = standing(paths, rule, "last")
    try:
        search.send(world.reply(next(search)))
        raise AssertionError("one ask is enough")
    except StopIteration as end:
        lead: Lead = end.value
    sums, counts = tally(drawn, rule == "weighted")
    assert [lead.first, lead.second] == sorted([*sums.values(), 0.0, 0.0], reverse=True)[:2]
    if sums:
        # Of equal weights the more frequent leads.
        leader = max(sums, key=lambda answer: (sums[answer], counts[answer]))
        assert lead.votes == counts[leader]
        assert lead.against == max([0, *(counts[answer] for answer in counts if answer != leader)])


@pytest.mark.parametrize(
    "full", ["majority:n={}", "best_of_n:n={},select=vote", "best_of_n:n={},select=weighted"]
)
@given(drawn=SAMPLES, order=st.integers(0, 1000))
@settings(max_examples=100, deadline=None)
def test_where_the_lead_is_certain_the_answer_is_that_of_all(
    full: str, drawn: list[tuple[str | None, float]], order: int
) -> None:
    text = full.format(len(drawn))
    whole = drive(make(text).search(LIMITS), samples(drawn))
    early = drive(make(f"{text},stop=certain").search(LIMITS), samples(drawn), order)
    assert one_value(early.outcome.answer) == one_value(whole.outcome.answer)
    assert set(early.extends) <= set(whole.extends)
    assert early.tokens <= whole.tokens


def waves(driven: Driven) -> list[int]:
    """How many samples each wave held: between two looks at the answers lies one wave."""
    kinds = [type(ask) for ask, _ in driven.log if isinstance(ask, Extend | Group)]
    return [len(list(run)) for kind, run in groupby(kinds) if kind is Extend]


@pytest.mark.parametrize("weighted", [False, True])
@given(drawn=SAMPLES, rule=RULES)
@settings(max_examples=150, deadline=None)
def test_no_sample_was_superfluous_when_it_was_asked_for(
    weighted: bool, drawn: list[tuple[str | None, float]], rule: str
) -> None:
    n = len(drawn)
    text = f"best_of_n:n={n},select=weighted" if weighted else f"majority:n={n}"
    sizes = waves(drive(make(f"{text},stop={rule}").search(LIMITS), samples(drawn)))
    done = 0
    for wave in sizes:
        seen = drawn[:done]
        assert not decided(rule, seen, weighted, n - done)
        for answer in {answer for answer, _ in seen} - {None}:  # none could have settled it with fewer
            fewer = [*seen, *[(answer, 1.0)] * (wave - 1)]
            assert not decided(rule, fewer, weighted, n - len(fewer))
        done += wave
    assert done == n or decided(rule, drawn[:done], weighted, n - done)


def tally(
    drawn: list[tuple[str | None, float]], weighted: bool
) -> tuple[dict[object, float], dict[object, int]]:
    """Weights and votes of the answers."""
    sums: dict[object, float] = {}
    counts: dict[object, int] = {}
    for answer, worth in drawn:
        if answer is not None:
            name = one_value(answer)
            sums[name] = sums.get(name, 0.0) + (worth if weighted else 1.0)
            counts[name] = counts.get(name, 0) + 1
    return sums, counts


def decided(rule: str, drawn: list[tuple[str | None, float]], weighted: bool, to_come: int) -> bool:
    """Where the answers so far settle it."""
    sums, counts = tally(drawn, weighted)
    first, second, *_ = (*sorted(sums.values(), reverse=True), 0.0, 0.0)
    if first > second + to_come:
        return True
    if rule == "certain" or first == second:
        return False
    leader = max(sums, key=lambda answer: sums[answer])
    against = max([0, *(counts[answer] for answer in counts if answer != leader)])
    # Even odds are just enough for 0.5.
    return counts[leader] > against and sure(counts[leader], against) > float(rule) - 1e-12


FULL = (
    "majority:n=9", "best_of_n:n=9,select=weighted", "beam:n=9,m=3", "dvts:n=9,m=3,select=vote",
    "rebase:n=9", "mcts:n=9,m=3",
)  # fmt: skip


@pytest.mark.parametrize("full", FULL)
@given(seed=st.integers(0, 1000), steps=st.integers(1, 4), order=st.integers(0, 1000), faults=st.booleans())
@settings(max_examples=50, deadline=None)
def test_a_search_that_stops_where_it_is_certain_finds_what_the_whole_one_finds(
    full: str, seed: int, steps: int, order: int, faults: bool
) -> None:
    limits, world = Limits(steps=steps), toy_world(seed, steps=steps, answers=2, distinct=True)
    world = faulty(world, seed) if faults else world
    whole = drive(make(full).search(limits), world)
    early = drive(make(f"{full},stop=certain").search(limits), world, order)
    assert early.outcome.answer == whole.outcome.answer
    assert set(early.extends) <= set(whole.extends)


@pytest.mark.parametrize("full", FULL)
def test_easy_problems_cost_fewer_tokens(full: str) -> None:
    def easy(seed: int) -> World:
        """Nine of ten solutions, of 1 to 4 steps, say 7."""

        def extend(ask: Extend) -> Path:
            chance = draw(seed, ask.key)
            name = f"{ask.key.tree} {ask.key.parent} {ask.key.child}"
            if ask.until == "end" or len(ask.key.parent) == 3 or chance % 2:
                return write(ask, f"{name} \\boxed{{{7 if chance // 2 % 10 else 8}}}", "stop")
            return write(ask, f"{name}\n\n")

        return World(extend, lambda path: (0.8,) * len(path.steps_S))

    saved = 0
    for seed in range(20):
        whole = drive(make(full).search(LIMITS), easy(seed))
        early = drive(make(f"{full},stop=0.95").search(LIMITS), easy(seed))
        assert early.tokens <= whole.tokens
        saved += whole.tokens - early.tokens
    assert saved > 20 * whole.tokens * 0.1


def test_trees_that_no_lead_can_make_superfluous_grow_side_by_side() -> None:
    # Every child of 40 rounds can be a vote: no tree is certain to be superfluous, so nothing waits.
    driven = drive(make("dvts:n=16,m=2,stop=certain").search(Limits()), toy_world(3, distinct=True))
    firsts = [ask for ask in driven.extends[:16] if not ask.key.parent]
    assert {ask.key.tree for ask in firsts} == set(range(8))


def late(early: int, failed: int) -> World:
    """The first `early` steps say 7 and end, `failed` more fail; the others go on, are worth more, say 6."""

    def extend(ask: Extend) -> Path:
        if ask.path.steps_S:
            return write(ask, f"{ask.path.text}{ask.key.child} \\boxed{{6}}", "stop")
        if ask.key.child < early:
            return write(ask, f"{ask.key.child} \\boxed{{7}}", "stop")
        if ask.key.child < early + failed:
            return ask.path.end(ask.key.child, "failed", "gone")
        return write(ask, f"{ask.key.child}\n\n")

    return World(extend, lambda path: tuple(0.2 if "7" in step.text else 0.9 for step in path.steps_S))


@pytest.mark.parametrize(
    ("text", "early", "failed"), [("beam:n=8,m=2", 3, 0), ("mcts:n=4,m=4", 3, 0), ("rebase:n=8", 4, 1)]
)
def test_all_that_is_still_to_come_counts_against_the_lead(text: str, early: int, failed: int) -> None:
    world, limits = late(early, failed), Limits(steps=2)
    assert drive(make(f"{text},select=vote,stop=certain").search(limits), world).outcome.answer == "6"


def test_a_value_weighs_in_the_standing_as_it_does_at_the_end() -> None:
    def extend(ask: Extend) -> Path:
        steps_S = write(ask, "on\n\n").steps_S * 4
        said = write(ask, f"\\boxed{{{7 if ask.key.child < 3 else 8}}}").steps_S
        return ask.path.grow(ask.key.child, steps_S + said, "stop")

    world = World(extend, lambda path: (0.1 if path.answer == "7" else 1.0, 1.0, 1.0, 1.0, 1.0))
    for stop in ("", ",stop=certain"):
        text = f"best_of_n:n=5,select=weighted,aggregate=min{stop}"
        assert drive(make(text).search(LIMITS), world).outcome.answer == "8"


@pytest.mark.parametrize("rule", ["certain", "0.5", "0.7", "0.95"])
@given(seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_a_tree_among_others_grows_whole_or_not_at_all(rule: str, seed: int) -> None:
    whole = drive(make("dvts:n=12,m=3").search(LIMITS), toy_world(seed)).extends
    early = drive(make(f"dvts:n=12,m=3,stop={rule}").search(LIMITS), toy_world(seed)).extends
    trees = {ask.key.tree for ask in early}
    assert trees == set(range(len(trees)))
    assert set(early) == {ask for ask in whole if ask.key.tree in trees}


@pytest.mark.parametrize("rule", ["certain", "0.5", "0.95"])
def test_silent_samples_settle_nothing(rule: str) -> None:
    drawn: list[tuple[str | None, float]] = [(None, 0.5)] * 5 + [("3", 0.5)]
    assert drive(make(f"majority:n=6,stop={rule}").search(LIMITS), samples(drawn)).outcome.answer == "3"


def test_what_an_early_stop_gives_up_says_so() -> None:
    def extend(ask: Extend) -> Path:
        if ask.key.child < 4 and not ask.path.steps_S:
            return write(ask, f"{ask.key.child} \\boxed{{7}}", "stop")
        return write(ask, f"{ask.key.child}\n\n")

    for text in ("beam:n=8,m=2,select=vote,stop=0.95", "rebase:n=8,select=vote,stop=0.95"):
        world = World(extend, lambda path: tuple(0.9 - 0.1 * (path.finish == "stop") for _ in path.steps_S))
        outcome = drive(make(text).search(LIMITS), world).outcome
        assert outcome.answer == "7"
        assert {path.finish for path in outcome.paths_N} == {"stop", "dropped"}
