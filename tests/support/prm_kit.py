"""Scorers over the double of a PRM server, and paths to score."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from compute_router.errors import RouterError
from compute_router.policies import Path, Step
from compute_router.scoring import Scored
from compute_router.scoring.families.base import Head, Layout, Readout, TokenPair, Vocabulary
from compute_router.scoring.known_prms import HeadKind, Prm
from compute_router.scoring.sglang import SGLangScorer
from support.prm_mock import logit

__all__ = ["KINDS", "Toy", "Words", "expected", "labels", "path", "prm", "score", "scorer"]

START, ASK, MARK, GOOD, BAD = range(1, 6)


class Words:
    """A token a byte."""

    def encode(self, text: str) -> list[int]:
        return [10 + byte for byte in text.encode()]

    def control(self, token: str) -> int:
        raise AssertionError(token)


class Toy:
    """A family: start, problem, ask; then each step and a mark, where its score is."""

    def __init__(self, vocabulary: Vocabulary, readout: Readout) -> None:
        self._encode = vocabulary.encode
        self.readout = readout

    def layout(self, problem: str, steps: Sequence[str]) -> Layout:
        ids = [START, *self._encode(problem), ASK]
        at_S = []
        for step in steps:
            ids += [*self._encode(step), MARK]
            at_S.append(len(ids) - 1)
        return Layout(tuple(ids), tuple(at_S))


KINDS: dict[str, tuple[HeadKind, Readout]] = {
    "pair": ("language", TokenPair(GOOD, BAD)),
    "value": ("value", Head(1)),
    "folded": ("mlp", Head(2, good=1)),
    "labels": ("linear", Head(2, good=1)),
}
"""What PRMs are read from. A head of two labels that was folded into one row is served with one."""


def labels(kind: str) -> int:
    """Of the server."""
    return {"pair": 0, "value": 1, "folded": 1, "labels": 2}[kind]


def prm(kind: str = "pair", **how: Any) -> Prm:
    head, readout = KINDS[kind]
    on_sglang = "generate" if head == "language" else "convert"
    known = Prm("Maker/Toy-PRM", 10**9, 4096, lambda words: Toy(words, readout), on_sglang, head)  # type: ignore[arg-type]
    return replace(known, **how)


def scorer(*urls: str, kind: str = "pair", **how: Any) -> SGLangScorer:
    return SGLangScorer(prm(kind, **how), urls, vocabulary=Words())


def path(*texts: str) -> Path:
    return Path((0,), tuple(Step(text) for text in texts))


def expected(kind: str, problem: str, steps: Sequence[str]) -> tuple[float, ...]:
    """What the double's model says of each step."""
    head, readout = KINDS[kind]
    layout = Toy(Words(), readout).layout(problem, steps)
    prefixes = [layout.ids_T[: at + 1] for at in layout.at_S]
    if isinstance(readout, TokenPair):
        return tuple(readout.score(logit(ids, GOOD), logit(ids, BAD)) for ids in prefixes)
    served = Head(1) if head == "mlp" else readout
    return tuple(served.score(*(logit(ids, label) for label in range(served.labels))) for ids in prefixes)


def score(scorer: SGLangScorer, *batches: Sequence[tuple[str, Path]]) -> list[list[Scored | RouterError]]:
    """The answers to batches, one after another."""

    async def main() -> list[list[Scored | RouterError]]:
        async with scorer:
            return [list(await scorer.score(batch)) for batch in batches]

    return asyncio.run(main())
