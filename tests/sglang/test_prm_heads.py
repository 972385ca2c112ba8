"""PRMs with a head of their own, converted and served by a real SGLang: the scores they had before.

The server computes in fp32; 1e-4 is what its own attention and chunks may change.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from compute_router.errors import EngineError
from compute_router.ledger import Tokens
from compute_router.scoring import Scored
from compute_router.scoring.convert import convert
from compute_router.scoring.known_prms import find_prm
from compute_router.scoring.sglang import SGLangScorer
from support.prm_kit import path, score
from support.prm_truth import Truth
from support.sglang_cpu.server import Server
from support.tiny_models import Kind, save_model, save_tokenizer

PROBLEM = "How many legs do twelve cats and three birds have together?"
STEPS = ("Cats have 48 legs.", "The birds have 6 of them.", "So 48 + 6 = 54.", "The answer is 54.")
NEAR = 1e-4


@dataclass(frozen=True, slots=True)
class Case:
    server: Server
    truth: Truth

    def scorer(self) -> SGLangScorer:
        return SGLangScorer(find_prm(str(self.server.model)), [self.server.url])

    def score(self, *batches: list[tuple[str, tuple[str, ...]]]) -> list[list[Scored]]:
        return score(
            self.scorer(), *([(problem, path(*steps)) for problem, steps in batch] for batch in batches)
        )

    def cached(self) -> float:
        """Tokens that the server took from its cache so far."""
        return self.server.metric("cached_tokens_total")


@pytest.fixture(scope="module", params=["qwen-math", "skywork"])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    kind: Kind = request.param
    into = tmp_path_factory.mktemp(kind)
    folder = save_tokenizer(kind, save_model(kind, into))
    made = convert(folder, into / "served")
    with pytest.MonkeyPatch.context() as patch:
        # SGLang 0.5.10 cannot load the classes that serve these heads by itself.
        patch.setenv("SGLANG_EXTERNAL_MODEL_PACKAGE", "compute_router.scoring.sglang_models")
        with Server(made.out, into / "server.log", embedding=True, flags=("--dtype", "float32")) as served:
            yield Case(served, Truth(folder))


def test_one_pass_gives_the_scores_of_the_original(case: Case) -> None:
    [[scored]] = case.score([(PROBLEM, STEPS)])
    expected = case.truth.scores(PROBLEM, STEPS)
    assert max(expected) - min(expected) > 0.05  # a model that says the same of all steps proves nothing
    assert scored.scores_S == pytest.approx(expected, abs=NEAR)


def test_step_by_step_gives_them_too(case: Case) -> None:
    problem = "What is step by step?"
    found = case.score(*([(problem, STEPS[:n])] for n in (1, 2, 3, 4)))
    assert found[-1][0].scores_S == pytest.approx(case.truth.scores(problem, STEPS), abs=NEAR)


def test_the_server_caches_what_the_bill_says_it_does(case: Case) -> None:
    """/classify does not tell; its metrics do."""

    async def main() -> tuple[float, int]:
        problem = "Which of the prefixes that were read before are cached in the end?"
        bill = Tokens()
        async with case.scorer() as scorer:
            await scorer.score([("An earlier problem, of which the chat begins alike.", path(STEPS[0]))])
            before = case.cached()
            for n in (1, 2, 4):
                [scored] = await scorer.score([(problem, path(*STEPS[:n]))])
                bill += scored.usage
            return case.cached() - before, bill.cached

    served, billed = asyncio.run(main())
    assert billed > 100
    # Problems may begin with the same few letters as one that another scorer asked about.
    assert 0 <= served - billed < 10


def test_siblings_keep_their_order(case: Case) -> None:
    paths = [(f"{n} is the first step of this path.", *STEPS[1 : 2 + n % 3]) for n in range(6)]
    [found] = case.score([(PROBLEM, steps) for steps in paths])
    for steps, scored in zip(paths, found, strict=True):
        assert scored.scores_S == pytest.approx(case.truth.scores(PROBLEM, steps), abs=NEAR)


def test_a_pair_of_tokens_is_not_read_from_a_head(case: Case) -> None:
    known = find_prm("RLHFlow/Llama3.1-8B-PRM-Deepseek-Data")
    with pytest.raises(EngineError, match="not RLHFlow"):
        score(SGLangScorer(known, [case.server.url]))
