"""A PRM behind SGLang: the scores of its model, each step read once, problems spread over servers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from random import Random

import pytest

from compute_router.errors import InputError
from compute_router.ledger import Tokens
from compute_router.scoring import checked
from compute_router.scoring.sglang.memory import Memory
from support.prm_kit import KINDS, expected, labels, path, score, scorer
from support.prm_mock import PrmMock

PROBLEM = "How many legs do twelve cats and three birds have together?"
STEPS = ("Cats have 48 legs.\n\n", "Birds have 6.\n\n", "48 + 6 = 54.\n\n")
PROMPT = len(PROBLEM) + 2
ALL = list(KINDS)


@pytest.fixture
def mock(request: pytest.FixtureRequest) -> Iterator[PrmMock]:
    kind = request.node.callspec.params.get("kind", "pair") if hasattr(request.node, "callspec") else "pair"
    with PrmMock(labels=labels(kind)).serving() as served:
        yield served


def tokens(*steps: str) -> int:
    return sum(len(step) + 1 for step in steps)


@pytest.mark.parametrize("kind", ALL)
def test_the_scores_are_the_models(mock: PrmMock, kind: str) -> None:
    [[scored]] = score(scorer(mock.url, kind=kind), [(PROBLEM, path(*STEPS))])
    assert scored.scores_S == pytest.approx(expected(kind, PROBLEM, STEPS), abs=1e-9)


@pytest.mark.parametrize("kind", ALL)
def test_step_by_step_is_one_pass(mock: PrmMock, kind: str) -> None:
    growing = [[(PROBLEM, path(*STEPS[:n]))] for n in (1, 2, 3)]
    found = score(scorer(mock.url, kind=kind), *growing)
    [[whole]] = score(scorer(mock.url, kind=kind), [(PROBLEM, path(*STEPS))])
    assert [scored.scores_S for [scored] in found] == [whole.scores_S[:n] for n in (1, 2, 3)]


@pytest.mark.parametrize("kind", ALL)
def test_only_the_newest_step_is_read(mock: PrmMock, kind: str) -> None:
    first, second = score(scorer(mock.url, kind=kind), *([(PROBLEM, path(*STEPS[:n]))] for n in (2, 3)))
    assert mock.calls[-1] == 1
    assert second[0].usage.computed == tokens(STEPS[2])
    assert second[0].usage.prompt == PROMPT + tokens(*STEPS)
    assert first[0].usage.computed == PROMPT + tokens(*STEPS[:2]) + (0 if kind == "pair" else 1)


@pytest.mark.parametrize("kind", ALL)
def test_a_whole_path_is_read_once(mock: PrmMock, kind: str) -> None:
    [[scored]] = score(scorer(mock.url, kind=kind), [(PROBLEM, path(*STEPS))])
    assert mock.calls == ([1] if kind == "pair" else [1, 2])
    assert scored.usage.computed == PROMPT + tokens(*STEPS) + (0 if kind == "pair" else 2)
    assert scored.usage.computed == mock.computed


@pytest.mark.parametrize("kind", ALL)
def test_siblings_read_what_they_share_once(mock: PrmMock, kind: str) -> None:
    """Two rounds: the problem alone, then all of its paths."""
    paths = [path(f"{n}: a first step\n\n") for n in range(8)]
    [found] = score(scorer(mock.url, kind=kind), [(PROBLEM, each) for each in paths])
    assert mock.calls == [1, 8]
    assert mock.computed == PROMPT + sum(tokens(each.text) for each in paths)
    assert sum((scored.usage for scored in found), Tokens()).computed == mock.computed


def test_a_problem_that_was_read_is_not_read_ahead(mock: PrmMock) -> None:
    batches = [[(PROBLEM, path(f"step {n}\n\n")) for n in range(at, at + 2)] for at in (0, 2, 4)]
    score(scorer(mock.url), *batches)
    assert mock.calls == [1, 2, 2, 2]


@pytest.mark.parametrize("kind", ALL)
def test_a_batch_is_one_call_and_keeps_its_order(mock: PrmMock, kind: str) -> None:
    random = Random(7)
    batch = [(f"problem {n}", path(*STEPS[: random.randint(1, 3)])) for n in range(40)]
    [found] = score(scorer(mock.url, kind=kind), batch)
    assert mock.calls[0] == 40
    assert len(mock.calls) <= 2
    for (problem, each), scored in zip(batch, found, strict=True):
        steps = [step.text for step in each.steps_S]
        assert scored.scores_S == pytest.approx(expected(kind, problem, steps))


@pytest.mark.parametrize("kind", ["pair", "value"])
def test_any_growth_in_any_order(mock: PrmMock, kind: str) -> None:
    random = Random(11)
    grown = [(f"problem {n % 5}", [f"step {random.randrange(3)}\n\n" for _ in range(6)]) for n in range(12)]
    batches = []
    for _ in range(20):
        drawn = [(problem, steps[: random.randint(0, 6)]) for problem, steps in random.sample(grown, 4)]
        batches.append([(problem, path(*steps)) for problem, steps in drawn])
    found = score(scorer(mock.url, kind=kind), *batches)
    bill = Tokens()
    for batch, answers in zip(batches, found, strict=True):
        for (problem, each), scored in zip(batch, answers, strict=True):
            steps = [step.text for step in each.steps_S]
            assert checked(each, scored).scores_S == pytest.approx(expected(kind, problem, steps))
            bill += scored.usage
    # What different problems share, a PRM with a head does not know to be cached.
    assert bill.computed - mock.computed in (range(1) if kind == "pair" else range(5 * PROMPT))


def test_the_same_path_twice_is_read_and_billed_once(mock: PrmMock) -> None:
    [found] = score(scorer(mock.url), [(PROBLEM, path(*STEPS))] * 3)
    assert mock.calls == [1]
    assert len({scored.scores_S for scored in found}) == 1
    assert [scored.usage.computed > 0 for scored in found] == [True, False, False]


def test_no_steps_cost_nothing(mock: PrmMock) -> None:
    [[scored]] = score(scorer(mock.url), [(PROBLEM, path())])
    assert scored.scores_S == ()
    assert mock.calls == []


@pytest.mark.parametrize("kind", ALL)
def test_what_memory_lost_is_asked_for_again(
    mock: PrmMock, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("compute_router.scoring.sglang.scorer.Memory", lambda: Memory(2))
    found = score(scorer(mock.url, kind=kind), *([(PROBLEM, path(*STEPS[:n]))] for n in (1, 2, 3, 3, 1)))
    whole = expected(kind, PROBLEM, STEPS)
    assert [scored.scores_S for [scored] in found] == [pytest.approx(whole[:n]) for n in (1, 2, 3, 3, 1)]


def test_memory_keeps_what_was_used_last() -> None:
    memory = Memory(2)
    memory.put(b"a", 0.1)
    memory.put(b"b", 0.2)
    assert memory.get(b"a") == 0.1
    memory.put(b"c", 0.3)
    assert [memory.get(key) for key in (b"a", b"b", b"c")] == [0.1, None, 0.3]


@pytest.mark.parametrize("kind", ALL)
def test_the_price_covers_the_cost(mock: PrmMock, kind: str) -> None:
    async def main() -> None:
        async with scorer(mock.url, kind=kind) as one:
            for n in (1, 3, 3):
                price = one.price(PROBLEM, path(*STEPS[:n]))
                [scored] = await one.score([(PROBLEM, path(*STEPS[:n]))])
                assert scored.usage.computed <= price <= scored.usage.computed + n

    asyncio.run(main())


def test_problems_spread_over_servers_and_their_paths_stay_together() -> None:
    with ExitStack() as stack:
        mocks = [stack.enter_context(PrmMock().serving()) for _ in range(3)]
        problems = [f"problem number {n} of them all" for n in range(30)]
        batches = [[(problem, path(*STEPS[:n])) for problem in problems] for n in (1, 2, 3)]
        found = score(scorer(*(mock.url for mock in mocks)), *batches)
    assert [mock.calls for mock in mocks] == [[10, 10, 10]] * 3
    assert sum(scored.usage.computed for scored in found[2]) == 30 * tokens(STEPS[2])


def test_a_prm_that_sglang_cannot_serve_is_refused() -> None:
    with pytest.raises(InputError, match="cannot serve"):
        scorer("http://127.0.0.1:1", on_sglang=None)
    with pytest.raises(InputError, match="address"):
        scorer()
