"""The local PRM where something is missing: no torch is needed to say so."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path as Folder

import pytest
from family_kit import FAMILIES

from compute_router.errors import InputError, ScorerError
from compute_router.policies import Path, Step
from compute_router.scoring.known_prms import PRMS
from compute_router.scoring.local import LocalScorer
from compute_router.scoring.prm_tokenizer import from_transformers


@pytest.fixture
def folder(tmp_path: Folder) -> str:
    (tmp_path / "config.json").write_text(json.dumps({"architectures": ["Qwen2ForPrmModel"]}))
    return str(tmp_path)


def start(name: str) -> None:
    async def main() -> None:
        async with LocalScorer(name, vocabulary=FAMILIES["skywork"][1]()):
            raise AssertionError("it started")

    asyncio.run(main())


def test_without_torch_the_extra_is_named(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InputError, match=r"compute-router\[sglang\]"):
        start(folder)


def test_without_transformers_the_extra_is_named(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(InputError, match=r"compute-router\[sglang\]"):
        from_transformers(folder)


def test_an_unknown_prm_is_refused_before_anything_is_loaded() -> None:
    with pytest.raises(InputError, match="unknown PRM"):
        LocalScorer("no/such-prm")


def test_it_is_a_prm_and_no_baseline() -> None:
    for name, prm in PRMS.items():
        scorer = LocalScorer(name)
        assert (scorer.name, scorer.params, scorer.is_baseline) == (prm.name, prm.params, False)


def test_it_scores_nothing_before_it_is_started(folder: str) -> None:
    scorer = LocalScorer(folder)
    path = Path((0,), (Step("a"),))
    with pytest.raises(ScorerError, match="started"):
        scorer.price("q", path)
    with pytest.raises(ScorerError, match="started"):
        asyncio.run(scorer.score([("q", path)]))
