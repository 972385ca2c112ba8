"""From the rows of a run directory to the rows of a sweep: every path graded, texts of solutions left out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from compute_router.grading import Grader
from compute_router.io.strategy_text import strategy_text
from compute_router.policies import Strategy
from compute_router.training.sweep.record import Record, RecordedPath

__all__ = ["Origin", "record_of"]

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Origin:
    """What all rows of a run have in common. `prm`: what scores, for arms that use one."""

    policy_model: str
    params: int
    prm: str
    prm_params: int
    seed: int
    versions: Mapping[str, str]


async def record_of(row: Row, strategy: Strategy, origin: Origin, source: str, grader: Grader) -> Record:
    """The record of a row of a run that ended without an error; its problem has a reference answer."""
    policy, prm = row["ledger"]["policy"], row["ledger"]["prm"]
    return Record(
        problem_id=row["id"],
        policy_model=origin.policy_model,
        arm=strategy_text(strategy),
        correct=row["correct"],
        problem=row["problem"],
        gold=row["gold"],
        params=origin.params,
        prm=origin.prm if strategy.needs_prm else None,
        prm_params=origin.prm_params if strategy.needs_prm else None,
        seed=origin.seed,
        answer=row["answer"],
        tokens=policy["generated_tokens"],
        prompt_tokens=policy["prompt_tokens"],
        cached_tokens=policy["cached_tokens"],
        prm_tokens=prm["prompt_tokens"] - prm["cached_tokens"] + prm["generated_tokens"],
        seconds=row["ledger"]["seconds"],
        paths=tuple([await _path(path, row["gold"], grader) for path in row["paths"]]),
        source=source,
        versions=dict(origin.versions),
    )


async def _path(path: Row, gold: str, grader: Grader) -> RecordedPath:
    written = sum(path["tokens"])
    tokens_S = _paid(path)
    known = written and None not in path["logprobs"]
    return RecordedPath(
        answer=path["answer"],
        group=path["vote"],
        correct=await grader.correct(gold, path["answer"]),
        tokens=sum(tokens_S),
        scores=tuple(path["scores"]) if len(path["scores"]) == len(path["steps"]) else (),
        logprob=math.fsum(path["logprobs"]) / written if known else None,
        step_tokens=tokens_S,
    )


def _paid(path: Row) -> tuple[int, ...]:
    """Tokens by step, those of tries that were taken back included."""
    taken_back = path.get("taken_back", [0] * len(path["tokens"]))
    return tuple(kept + lost for kept, lost in zip(path["tokens"], taken_back, strict=True))
