"""What a log left out, filled in where it can be known, and marked unknown where it cannot."""

from __future__ import annotations

import math
from collections import Counter as Tally
from dataclasses import dataclass, replace

from compute_router.errors import InputError
from compute_router.policies import SpecError, from_spec
from compute_router.training.importers.damage import Damage, Notes
from compute_router.training.importers.log_row import LogPath, LogRow
from compute_router.training.importers.problems import Problems, identity_of
from compute_router.training.importers.size import params_of
from compute_router.training.importers.token_counts import Counter

__all__ = ["Told", "complete"]

_TOLERATED = 0.1
"""Above this share of paths with scores outside [0, 1], they are rewards on a scale of their own."""
_PRM_ONCE = "estimate: every generated token read once"


@dataclass(frozen=True, slots=True)
class Told:
    """What the user says of the logs."""

    policy_model: str | None = None
    params: int | None = None
    prm: str | None = None
    tokenizer: Counter | None = None
    problems: Problems | None = None


def complete(rows: list[LogRow], file: str, told: Told, notes: Notes) -> list[LogRow]:
    """The rows of one file. Raises InputError where `told` would make several policy models one."""
    models = {row.policy_model for row in rows if row.named and row.policy_model}
    if told.policy_model is not None and len(models) > 1:
        raise InputError(
            f"{file} names {len(models)} policy models ({', '.join(sorted(models))}); "
            f"{told.policy_model!r} would make them one."
        )
    found = [_named(_joined(row, told), file, told, notes) for row in rows]
    found = _without_copies(_scaled(found, notes), notes)
    return [_counted(row, told, notes) for row in found]


def _joined(row: LogRow, told: Told) -> LogRow:
    known = told.problems.find(row.problem_id, row.problem) if told.problems else None
    if known is None:
        return row
    return replace(
        row,
        problem_id=known.id or row.problem_id,
        problem=row.problem or known.text,
        gold=row.gold or known.gold,
        level=row.level or known.level,
    )


def _named(row: LogRow, file: str, told: Told, notes: Notes) -> LogRow:
    model, prm = told.policy_model or row.policy_model, told.prm or row.prm
    if model is None:
        notes.add(Damage.MODEL_UNNAMED, row.place)
    if prm is None and any(path.scores for path in row.paths):
        notes.add(Damage.PRM_UNNAMED, row.place)
    model = model or f"unnamed-{file}"
    return replace(
        row,
        problem_id=identity_of(row.problem_id, row.problem, file),
        policy_model=model,
        params=told.params or row.params or params_of(model),
        prm=prm,
        prm_params=params_of(prm) if prm else None,
        source=row.source or file,
    )


def _scaled(rows: list[LogRow], notes: Notes) -> list[LogRow]:
    """Scores in [0, 1]: rewards without bounds go through a logistic curve, a stray value is dropped."""
    scored = [(row, path) for row in rows for path in row.paths if path.scores]
    outside = sum(not _is_share(path) for _, path in scored)
    if not outside:
        return rows
    rewards = outside > _TOLERATED * len(scored)
    found = []
    for row in rows:
        strays = sum(not _is_share(path) for path in row.paths)
        notes.add(Damage.SCALE, row.place, strays)
        if rewards:
            paths = tuple(replace(path, scores=tuple(map(_logistic, path.scores))) for path in row.paths)
            row = replace(row, paths=paths, versions={**row.versions, "scores": "logistic of the reward"})
        elif strays:
            row = replace(
                row, paths=tuple(path if _is_share(path) else replace(path, scores=()) for path in row.paths)
            )
        found.append(row)
    return found


def _without_copies(rows: list[LogRow], notes: Notes) -> list[LogRow]:
    """A row logged again is left out where it is the same to the letter: with its solution, always; without,
    where most questions were logged less often. Else it is a repeat, kept and counted."""
    keys = [(row.problem_id, row.policy_model, row.arm, row.seed) for row in rows]
    times = Tally(keys)
    usual = Tally(times.values()).most_common(1)[0][0] if times else 1
    seen: dict[object, list[LogRow]] = {}
    kept = []
    for key, row in zip(keys, rows, strict=True):
        bare = replace(row, place="")
        before = seen.setdefault(key, [])
        tells = row.text is not None or any(path.text is not None for path in row.paths)
        if bare in before and (tells or times[key] > usual):
            notes.drop(Damage.DUPLICATE, row.place)
            times[key] -= 1
            continue
        if len(before) >= usual:
            notes.add(Damage.DUPLICATE, row.place)
        before.append(bare)
        kept.append(row)
    return kept


def _counted(row: LogRow, told: Told, notes: Notes) -> LogRow:
    """Tokens of the policy model and of the PRM."""
    versions = dict(row.versions)
    paths, tokens = row.paths, row.tokens
    whole = row.candidates is None
    if tokens is None and whole and paths and all(path.tokens is not None for path in paths):
        tokens = sum(path.tokens or 0 for path in paths)
    if tokens is None and told.tokenizer is not None and paths:
        paths, tokens, label = _count(row, told.tokenizer)
        if tokens is not None:
            notes.add(Damage.ESTIMATED, row.place)
            versions["tokens"] = label
    if tokens is None:
        notes.add(Damage.NO_TOKENS, row.place)
    prm_tokens = row.prm_tokens
    if prm_tokens is None and tokens is not None and any(path.scores for path in paths):
        prm_tokens = tokens
        versions["prm_tokens"] = _PRM_ONCE
    if prm_tokens is None and row.prm is None and not _needs_prm(row.arm):
        prm_tokens = 0
    return replace(row, paths=paths, tokens=tokens, prm_tokens=prm_tokens, versions=versions)


def _count(row: LogRow, counter: Counter) -> tuple[tuple[LogPath, ...], int | None, str]:
    counts = [
        path.tokens or (counter.count(path.text) if path.text is not None else None) for path in row.paths
    ]
    known = [count for count in counts if count is not None]
    if len(known) < len(counts):
        return row.paths, None, ""
    if row.candidates is None:
        paths = tuple(replace(path, tokens=count) for path, count in zip(row.paths, counts, strict=True))
        return paths, sum(known), counter.label
    return (
        row.paths,
        round(row.candidates * sum(known) / len(known)),
        f"{counter.label}, of the final beams; pruned candidates taken as long",
    )


def _needs_prm(arm: str) -> bool:
    try:
        return from_spec(arm).needs_prm
    except SpecError:
        return True


def _is_share(path: LogPath) -> bool:
    return all(0 <= score <= 1 for score in path.scores)


def _logistic(reward: float) -> float:
    return 1 / (1 + math.exp(-max(-700.0, min(700.0, reward))))
