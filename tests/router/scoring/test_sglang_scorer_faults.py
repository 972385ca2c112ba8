"""A PRM server that is another one, dies or lies: typed errors, and never a score on the wrong step."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from compute_router.errors import EngineError, RouterError, ScorerError
from compute_router.policies import Path
from compute_router.scoring import Scored
from compute_router.scoring.families.base import Layout
from support.prm_kit import KINDS, Toy, expected, labels, path, score, scorer
from support.prm_mock import PrmMock

PROBLEM = "How many legs do twelve cats and three birds have together?"
STEPS = ("Cats have 48 legs.\n\n", "Birds have 6.\n\n", "48 + 6 = 54.\n\n")
ONE = [(PROBLEM, path(*STEPS))]


def ends(mock: PrmMock, batch: list[tuple[str, Path]], kind: str = "pair") -> RouterError:
    """The first error of scoring `batch`; a second try then succeeds."""

    async def main() -> RouterError:
        async with scorer(mock.url, kind=kind) as one:
            errors = [reply for reply in await one.score(batch) if isinstance(reply, RouterError)]
            mock.spoil = lambda replies: replies
            again = await one.score(batch)
            for (problem, each), scored in zip(batch, again, strict=True):
                steps = [step.text for step in each.steps_S]
                assert isinstance(scored, Scored)
                assert scored.scores_S == pytest.approx(expected(kind, problem, steps))
            return errors[0]

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("kind", "serves", "says"),
    [
        ("pair", {"model_path": "/models/Other"}, "serves /models/Other, not Maker/Toy-PRM"),
        ("pair", {"is_generation": False}, "without --is-embedding"),
        ("value", {"is_generation": True}, "with --is-embedding"),
        ("folded", {"is_generation": True}, "with --is-embedding"),
    ],
)
def test_another_model_behind_the_address_is_refused_at_the_start(
    kind: str, serves: dict[str, Any], says: str
) -> None:
    with PrmMock(labels=labels(kind)).serving() as mock:
        mock.model |= serves
        with pytest.raises(EngineError, match=says) as caught:
            score(scorer(mock.url, kind=kind))
        assert not caught.value.retryable
        assert mock.calls == []


def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(EngineError, match=r"127\.0\.0\.1:9"):
        score(scorer("http://127.0.0.1:9"))


@pytest.mark.parametrize("kind", ["pair", "value"])
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"Internal Server Error"),
        (503, b'{"error": {"message": "shutting down"}}'),
        (429, b"slow down"),
        (0, b""),
        (200, b""),
        (200, b"{nonsense"),
        (200, b'[{"text": ""}]'),
    ],
)
def test_what_may_pass_is_retryable(kind: str, status: int, body: bytes) -> None:
    with PrmMock(labels=labels(kind)).serving() as mock:
        mock.answers.append((status, body))
        error = ends(mock, ONE, kind)
    assert isinstance(error, EngineError)
    assert error.retryable


@pytest.mark.parametrize(("status", "body"), [(400, b"bad"), (401, b"no key"), (302, b""), (200, b"{}")])
def test_what_will_not_pass_is_not(status: int, body: bytes) -> None:
    with PrmMock().serving() as mock:
        mock.answers.append((status, body))
        error = ends(mock, ONE)
    assert not (isinstance(error, EngineError) and error.retryable)


Spoil = Callable[[dict[str, Any]], Any]


def spoiled(spoil: Spoil) -> Callable[[list[dict[str, Any]]], list[dict[str, Any]]]:
    def each(replies: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for reply in replies:
            spoil(reply)
        return replies

    return each


PAIR: dict[str, Spoil] = {
    "null": lambda reply: reply["meta_info"].update(
        output_token_ids_logprobs=[[[None, 4, None], [-1, 5, None]]]
    ),
    "no entry": lambda reply: reply["meta_info"].update(output_token_ids_logprobs=[]),
    "null entry": lambda reply: reply["meta_info"].update(output_token_ids_logprobs=None),
    "one token": lambda reply: reply["meta_info"]["output_token_ids_logprobs"][0].pop(),
    "other tokens": lambda reply: reply["meta_info"].update(
        output_token_ids_logprobs=[[[-1, 7, 0], [-1, 5, 0]]]
    ),
    "no prompt": lambda reply: reply["meta_info"].pop("input_token_ids_logprobs"),
    "short": lambda reply: reply["meta_info"]["input_token_ids_logprobs"].pop(),
    "long": lambda reply: reply["meta_info"]["input_token_ids_logprobs"].append(None),
    "nulls": lambda reply: reply["meta_info"].update(
        input_token_ids_logprobs=[None] * len(reply["meta_info"]["input_token_ids_logprobs"])
    ),
}
HEAD: dict[str, Spoil] = {
    "null": lambda reply: reply.update(embedding=[None]),
    "null whole": lambda reply: reply.update(embedding=None),
    "text": lambda reply: reply.update(embedding=["0.5"]),
    "none": lambda reply: reply.update(embedding=[]),
    "hidden states": lambda reply: reply.update(embedding=[0.1] * 64),
    "missing": lambda reply: reply.pop("embedding"),
}


@pytest.mark.parametrize(
    ("kind", "spoil"), [*(("pair", one) for one in PAIR.values()), *(("value", one) for one in HEAD.values())]
)
def test_a_reply_without_its_scores_is_a_scorer_error(kind: str, spoil: Spoil) -> None:
    with PrmMock(labels=labels(kind)).serving() as mock:
        mock.spoil = spoiled(spoil)
        assert isinstance(ends(mock, ONE, kind), ScorerError)


@pytest.mark.parametrize("kind", ["pair", "value"])
def test_scores_never_fall_to_another_path(kind: str) -> None:
    """A server that mixes up, drops or adds replies is caught by the requests' own ids."""
    batch = [(f"problem {n}", path("a step\n\n")) for n in range(4)]
    mixes: list[Callable[[list[Any]], Any]] = [
        lambda replies: replies[::-1] if len(replies) > 1 else [],
        lambda replies: replies[:-1],
        lambda replies: [*replies, *replies],
        lambda replies: {"0": replies},
    ]
    with PrmMock(labels=labels(kind)).serving() as mock:
        for mix in mixes:
            mock.spoil = mix
            assert isinstance(ends(mock, batch, kind), ScorerError)


def test_one_bad_reply_leaves_the_others_their_scores() -> None:
    batch = [(f"problem {n}", path("a step\n\n")) for n in range(4)]

    def spoil(replies: list[dict[str, Any]]) -> list[dict[str, Any]]:
        replies[1]["meta_info"]["output_token_ids_logprobs"] = None
        return replies

    with PrmMock().serving() as mock:
        mock.spoil = spoil
        [found] = score(scorer(mock.url), batch)
    for at, ((problem, _), scored) in enumerate(zip(batch, found, strict=True)):
        if at == 1:
            assert isinstance(scored, ScorerError)
        else:
            assert isinstance(scored, Scored)
            assert scored.scores_S == pytest.approx(expected("pair", problem, ["a step\n\n"]))


def test_a_refused_call_is_asked_again_path_by_path() -> None:
    batch = [(f"problem {n}", path("a step\n\n")) for n in range(3)]
    with PrmMock().serving() as mock:
        mock.answers += [(400, b"no"), (400, b"no, you")]
        [found] = score(scorer(mock.url), batch)
        assert mock.calls == [3, 1, 1, 1]
    assert sorted(isinstance(scored, Scored) for scored in found) == [False, True, True]


def test_a_path_beyond_the_context_is_never_sent() -> None:
    batch = [(PROBLEM, path("short\n\n")), (PROBLEM, path("long" * 100))]
    with PrmMock().serving() as mock:
        [found] = score(scorer(mock.url, context=200), batch)
        assert mock.calls == [1]
        assert isinstance(found[0], Scored)
        assert isinstance(found[1], ScorerError)
        assert "context of 200" in str(found[1])
    with PrmMock(context=150).serving() as mock:
        [[error]] = score(scorer(mock.url), batch[1:])
    assert isinstance(error, ScorerError)
    assert "context of 150" in str(error)


def test_a_request_given_up_by_the_server_is_retryable() -> None:
    def spoil(replies: list[dict[str, Any]]) -> list[dict[str, Any]]:
        reason = {"type": "abort", "message": "full", "status_code": 503}
        replies[0]["meta_info"]["finish_reason"] = reason
        return replies

    with PrmMock().serving() as mock:
        mock.spoil = spoil
        error = ends(mock, [(f"problem {n}", path("a step\n\n")) for n in range(3)])
        assert mock.calls == [3, 1]  # what was scored by then is not read again
    assert isinstance(error, EngineError)
    assert error.retryable


def test_a_server_that_fails_costs_its_own_paths_alone() -> None:
    batch = [(f"problem {n}", path("a step\n\n")) for n in range(4)]

    async def main() -> None:
        with PrmMock().serving() as good, PrmMock().serving() as bad:
            bad.answers.append((503, b"busy"))
            async with scorer(good.url, bad.url) as one:
                first = await one.score(batch)
                failed = [
                    ask for ask, reply in zip(batch, first, strict=True) if isinstance(reply, RouterError)
                ]
                second = await one.score(failed)
            # The problems of the server that failed have moved to the other.
            assert (good.calls, bad.calls) == ([2, 2], [2])
            scored = [reply for reply in (*first, *second) if isinstance(reply, Scored)]
            assert len(scored) == 4
            assert sum(one.usage.computed for one in scored) == good.computed

    asyncio.run(main())


class Lost(Toy):
    """Forgets all positions but the first."""

    def layout(self, problem: str, steps: Sequence[str]) -> Layout:
        whole = super().layout(problem, steps)
        return Layout(whole.ids_T, whole.at_S[:1])


def test_a_layout_without_a_position_a_step_is_refused() -> None:
    with PrmMock().serving() as mock:
        [[error]] = score(scorer(mock.url, family=lambda words: Lost(words, KINDS["pair"][1])), ONE)
    assert isinstance(error, ScorerError)
    assert "1 positions for 3 steps" in str(error)


def test_a_silent_server_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def sleep(replies: list[Any]) -> list[Any]:
        time.sleep(0.2)
        return replies

    monkeypatch.setattr("compute_router.scoring.sglang.scorer.SILENCE_S", 0.02)
    with PrmMock().serving() as mock:
        mock.spoil = sleep
        [[error]] = score(scorer(mock.url), ONE)
    assert isinstance(error, EngineError)
    assert "said nothing" in str(error)


def test_the_body_is_what_sglang_takes() -> None:
    with PrmMock().serving() as mock:
        score(scorer(mock.url), ONE)
        [body] = mock.bodies
    assert body["return_logprob"] is True
    assert body["logprob_start_len"] == [len(PROBLEM) + 2 + len(STEPS[0])]
    assert body["token_ids_logprob"] == [[4, 5]]
