"""A token-pair PRM on a real SGLang server: transformers' scores, each step read once.

The server computes in fp32; 1e-4 is what its own attention and chunks may change.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from compute_router.errors import EngineError
from compute_router.ledger import Tokens
from compute_router.scoring.known_prms import find_prm
from compute_router.scoring.sglang import SGLangScorer
from support.prm_kit import path, score
from support.prm_truth import Truth
from support.sglang_cpu.server import Server
from support.tiny_models import save_model, save_tokenizer

PROBLEM = "How many legs do twelve cats and three birds have together?"
STEPS = ("Cats have 48 legs.", "The birds have 6 of them.", "So 48 + 6 = 54.", "The answer is 54.")
NEAR = 1e-4


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tokenizer("rlhflow", save_model("rlhflow", tmp_path_factory.mktemp("prm")))


@pytest.fixture(scope="module")
def prm(folder: Path) -> Iterator[Server]:
    with Server(folder, folder.parent / "server.log", flags=("--dtype", "float32")) as served:
        yield served


@pytest.fixture(scope="module")
def truth(folder: Path) -> Truth:
    return Truth(folder)


def scorer(server: Server) -> SGLangScorer:
    return SGLangScorer(find_prm(str(server.model)), [server.url])


def lengths(truth: Truth, problem: str, steps: Sequence[str]) -> list[int]:
    """Ids up to each score."""
    return [at + 1 for at in truth.family.layout(problem, steps).at_S]


def test_one_pass_gives_the_scores_of_transformers(prm: Server, truth: Truth) -> None:
    [[scored]] = score(scorer(prm), [(PROBLEM, path(*STEPS))])
    expected = truth.scores(PROBLEM, STEPS)
    assert max(expected) - min(expected) > 0.05  # a model that says the same of all steps proves nothing
    assert scored.scores_S == pytest.approx(expected, abs=NEAR)


def test_step_by_step_gives_them_too_and_reads_only_what_is_new(prm: Server, truth: Truth) -> None:
    problem = "What is step by step?"
    found = score(scorer(prm), *([(problem, path(*STEPS[:n]))] for n in (1, 2, 3, 4)))
    read = lengths(truth, problem, STEPS)
    assert found[-1][0].scores_S == pytest.approx(truth.scores(problem, STEPS), abs=NEAR)
    assert [scored.usage.prompt for [scored] in found] == read
    assert [scored.usage.cached for [scored] in found[1:]] == read[:-1]


def test_siblings_share_the_problem_from_the_first(prm: Server, truth: Truth) -> None:
    problem = "How do siblings that arrive together share what they have in common?"
    paths = [(f"{n} is the first step of this path.", STEPS[1]) for n in range(6)]
    [found] = score(scorer(prm), [(problem, path(*steps)) for steps in paths])
    for steps, scored in zip(paths, found, strict=True):
        assert scored.scores_S == pytest.approx(truth.scores(problem, steps), abs=NEAR)
    columns = zip(*(truth.family.layout(problem, steps).ids_T for steps in paths), strict=False)
    shared = next(n for n, ids in enumerate(columns) if len(set(ids)) > 1)
    alone = sum(lengths(truth, problem, steps)[-1] - shared for steps in paths)
    bill = sum((scored.usage for scored in found), Tokens())
    assert bill.computed <= shared + alone


def test_a_batch_of_problems_keeps_its_order(prm: Server, truth: Truth) -> None:
    batch = [(f"Problem {n}: what is {n} + {n}?", STEPS[: 1 + n % 4]) for n in range(12)]
    [found] = score(scorer(prm), [(problem, path(*steps)) for problem, steps in batch])
    for (problem, steps), scored in zip(batch, found, strict=True):
        assert scored.scores_S == pytest.approx(truth.scores(problem, steps), abs=NEAR)


def test_the_price_covers_the_bill(prm: Server) -> None:
    async def main() -> None:
        async with scorer(prm) as one:
            for n in (1, 2, 4):
                price = one.price("What does it cost?", path(*STEPS[:n]))
                [scored] = await one.score([("What does it cost?", path(*STEPS[:n]))])
                assert scored.usage.computed <= price

    asyncio.run(main())


def test_a_head_is_not_read_from_a_language_model(prm: Server) -> None:
    known = find_prm("Qwen/Qwen2.5-Math-PRM-7B")
    with pytest.raises(EngineError, match="not Qwen/"):
        score(SGLangScorer(known, [prm.url]))
