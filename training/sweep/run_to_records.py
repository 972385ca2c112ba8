"""From the rows of a run directory to the rows of a sweep: every path graded, texts of solutions left out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from compute_router.grading import Grader
from compute_router.io.strategy_text import strategy_text
from compute_router.policies import Path, Step, Strategy, spec
from compute_router.training.sweep.arms import choosing
from compute_router.training.sweep.record import Record, SweptPath
from compute_router.training.sweep.replay_orders import Taken, take

__all__ = ["Origin", "answered_for", "implied", "swept"]

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


async def swept(row: Row, strategy: Strategy, origin: Origin, source: str, grader: Grader) -> Record:
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


async def _path(path: Row, gold: str, grader: Grader) -> SweptPath:
    written = sum(path["tokens"])
    tokens_S = _paid(path)
    known = written and None not in path["logprobs"]
    return SweptPath(
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


def implied(row: Row, record: Record, strategy: Strategy) -> Record:
    """What `strategy` makes of the first of the row's samples, as many as it takes: its own run would have
    drawn the same ones (one with `prune` the like: its steps have seeds of their own)."""
    chooses = choosing(strategy)
    assert chooses is not None, "only samples of whole solutions imply other arms"
    paths_N = [_sampled(path) for path in row["paths"]]
    taken = take(chooses, paths_N, [path["vote"] for path in row["paths"]], range(len(paths_N)))
    return answered_for(record, strategy, taken)


def answered_for(record: Record, strategy: Strategy, taken: Taken) -> Record:
    """The record of a strategy that took these of a record's samples. The samples stay where they are. Tokens
    that only a run of its own could tell are None."""
    chosen = None if taken.chosen is None else record.paths[taken.chosen]
    every = taken.samples == len(record.paths)
    return replace(
        record,
        arm=spec(strategy),
        answer=None if chosen is None else chosen.answer,
        correct=chosen is not None and chosen.correct is True,
        tokens=None if any(path.tokens is None for path in record.paths) else taken.tokens,
        prompt_tokens=None,
        cached_tokens=None,
        seconds=None,
        prm=record.prm if strategy.needs_prm else None,
        prm_params=record.prm_params if strategy.needs_prm else None,
        prm_tokens=_prm_tokens(record, every) if strategy.needs_prm else 0,
        paths=(),
    )


def _prm_tokens(record: Record, whole: bool) -> int | None:
    """What scoring the samples took; of some of them it is known only where nothing was computed."""
    return record.prm_tokens if whole or not record.prm_tokens else None


def _sampled(path: Row) -> Path:
    steps_S = tuple(
        Step(text, (0,) * tokens, () if logprob is None or not tokens else (logprob / tokens,) * tokens)
        for text, tokens, logprob in zip(path["steps"], _paid(path), path["logprobs"], strict=True)
    )
    return Path(tuple(path["lineage"]), steps_S, tuple(path["scores"]), path["finish"], path["error"])
