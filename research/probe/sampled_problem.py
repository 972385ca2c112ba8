"""Problems of which a sweep kept several independent samples of one policy model."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from compute_router.grading.normal import normalize, number
from compute_router.scoring import LogprobBaseline
from compute_router.training.difficulty.corpus import identity
from compute_router.training.sweep.implied_arms import plain_sampler_of
from compute_router.training.sweep.record import Record, RecordedPath

__all__ = ["Sampled", "is_plain", "sampled"]


@dataclass(frozen=True, slots=True)
class Sampled:
    """One problem for one policy model. `paths_N[i].group` is the index of the first path with an equal
    answer; a PRM's value of a path is its last score (policies.aggregate). `name`: what makes the problem
    itself. `prm_tokens`: of one sample, NaN where unknown."""

    name: str
    text: str | None
    policy_model: str
    params: int | None
    paths_N: tuple[RecordedPath, ...]
    prm: str | None
    prm_tokens: float

    @property
    def right_N(self) -> tuple[bool, ...]:
        return tuple(path.correct is True for path in self.paths_N)

    @property
    def values_N(self) -> tuple[float | None, ...]:
        return tuple(path.scores[-1] if path.scores else None for path in self.paths_N)

    @property
    def tokens(self) -> float:
        """Mean over the samples whose tokens are known, NaN where none is."""
        known = [path.tokens for path in self.paths_N if path.tokens is not None]
        return sum(known) / len(known) if known else math.nan


def sampled(records: Iterable[Record]) -> list[Sampled]:
    """The plain samples of every (policy model, problem), pooled over the rows: of the rows of one seed and
    source the longest. Of a baseline's scores none is kept: they are no probabilities of being right. The
    problems with one sample are among them; ungraded rows are not."""
    rows: defaultdict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        if is_plain(record.arm) and _is_graded(record):
            name = f"id:{record.problem_id}" if record.problem is None else identity(record.problem)
            rows[record.policy_model, name].append(record)
    return [_pooled(name, some) for (_, name), some in rows.items()]


def is_plain(arm: str) -> bool:
    """Whether the paths of such an arm are independent samples, all of them taken."""
    return plain_sampler_of(arm) is not None


def _is_graded(record: Record) -> bool:
    return bool(record.paths) and all(path.group is None or path.correct is not None for path in record.paths)


def _pooled(name: str, records: list[Record]) -> Sampled:
    longest: dict[object, Record] = {}
    for i, record in enumerate(records):
        key = i if record.seed is None else (record.seed, record.source)
        if key not in longest or len(record.paths) > len(longest[key].paths):
            longest[key] = record
    rows = list(longest.values())
    paths: list[RecordedPath] = []
    groups: dict[object, int] = {}
    for row in rows:
        own: dict[int, int] = {}
        for path in row.paths:
            group = path.group
            if group is not None:
                if group not in own:
                    own[group] = groups.setdefault(_meaning(row.paths[group]), len(paths))
                group = own[group]
            scores = () if row.prm == LogprobBaseline.name else path.scores
            paths.append(RecordedPath(path.answer, group, path.correct, path.tokens, scores, path.logprob))
    prm_tokens = [row.prm_tokens for row in rows if row.prm_tokens is not None]
    return Sampled(
        name=name,
        text=next((row.problem for row in rows if row.problem is not None), None),
        policy_model=rows[0].policy_model,
        params=next((row.params for row in rows if row.params), None),
        paths_N=tuple(paths),
        prm=next((row.prm for row in rows if row.prm is not None), None),
        prm_tokens=sum(prm_tokens) / len(paths) if len(prm_tokens) == len(rows) else math.nan,
    )


def _meaning(path: RecordedPath) -> object:
    """Equal for answers of two rows that count as one: right ones, and wrong ones that read alike."""
    if path.correct or path.answer is None:
        return True if path.correct else id(path)
    text = normalize(path.answer)
    value = number(text)
    return text if value is None else value
