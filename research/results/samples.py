"""The samples of a sweep as the PRM report takes them, and its rows with the texts of their problems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from compute_router.scoring.arithmetic import FEATURES
from compute_router.training.difficulty.corpus import identity
from compute_router.training.prm.examples import Solved, Tried, kind_of
from compute_router.training.prm.held_out_scores import Scores
from compute_router.training.sweep.implied_arms import has_plain_samples
from compute_router.training.sweep.record import Record

__all__ = ["joined", "scored"]


def joined(records: Iterable[Record], known: Mapping[str, Mapping[str, Any]]) -> list[Record]:
    """The records; one without a text gets text and answer from the problem of its id, where it is known."""
    found = []
    for record in records:
        if record.problem is None and record.problem_id in known:
            row = known[record.problem_id]
            record = replace(record, problem=row["problem"], gold=row["answer"])
        found.append(record)
    return found


def scored(records: Sequence[Record]) -> tuple[list[Solved], list[Scores]]:
    """Of each problem the row with the most plain samples that a PRM scored, and their scores by step."""
    most: dict[str, Record] = {}
    for record in records:
        if has_plain_samples(record) and any(path.scores for path in record.paths):
            known = most.get(record.problem_id)
            if known is None or len(record.paths) > len(known.paths):
                most[record.problem_id] = record
    unseen = np.zeros((0, len(FEATURES)))
    problems = [
        Solved(
            kind_of(record.problem_id),
            record.problem_id if record.problem is None else identity(record.problem),
            record.policy_model,
            tuple(
                Tried(unseen, path.answer, path.group, path.correct is True, path.logprob)
                for path in record.paths
            ),
        )
        for record in most.values()
    ]
    return problems, [tuple(path.scores for path in record.paths) for record in most.values()]
