"""Log rows to records: answers extracted again, grouped, graded again, and the arm's choice repeated."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from compute_router.grading import Grader
from compute_router.grading.normal import normalize, number
from compute_router.policies import extract_answer
from compute_router.training.importers.choose import choose
from compute_router.training.importers.damage import Damage, Notes
from compute_router.training.importers.log_row import LogPath, LogRow
from compute_router.training.sweep.record import Record, RecordedPath

__all__ = ["finish"]

_GRADER_VERSION = "math-verify 0.9"


def finish(rows: Iterable[LogRow], notes: Notes, *, workers: int = 1) -> list[Record]:
    """The rows as records. Raises GradingError where no grading worker can be started."""
    with Grader(workers=workers) as grader:
        return asyncio.run(_all(list(rows), grader, notes))


async def _all(rows: list[LogRow], grader: Grader, notes: Notes) -> list[Record]:
    return [await _record(row, grader, notes) for row in rows]


async def _record(row: LogRow, grader: Grader, notes: Notes) -> Record:
    answers_N = [_answer(path) for path in row.paths]
    notes.add(
        Damage.NO_ANSWER,
        row.place,
        sum(
            path.text is not None and answer is None
            for path, answer in zip(row.paths, answers_N, strict=True)
        ),
    )
    groups_N = _settled_classes(row.paths, answers_N) if row.settled else await grader.classes(answers_N)
    paths_N = tuple(
        [
            RecordedPath(
                answer=answer,
                group=group,
                correct=await _correct(grader, row, path, answer),
                tokens=path.tokens,
                scores=path.scores,
                logprob=path.logprob,
            )
            for path, answer, group in zip(row.paths, answers_N, groups_N, strict=True)
        ]
    )
    answer, correct = await _outcome(row, paths_N, grader)
    if correct is None:
        notes.add(Damage.NO_CORRECTNESS, row.place)
    elif row.correct is not None and row.correct != correct:
        notes.add(Damage.REGRADED, row.place)
    for logged, path in zip(row.paths, paths_N, strict=True):
        notes.add(
            Damage.REGRADED,
            row.place,
            logged.correct is not None and logged.correct != path.correct and len(paths_N) > 1,
        )
    tokens = row.tokens
    if tokens is None and paths_N and all(path.tokens is not None for path in paths_N):
        tokens = sum(path.tokens or 0 for path in paths_N)
    return Record(
        problem_id=row.problem_id or row.place,
        policy_model=row.policy_model or "unnamed",
        arm=row.arm,
        correct=correct,
        problem=row.problem,
        gold=row.gold,
        level=row.level,
        params=row.params,
        prm=row.prm,
        prm_params=row.prm_params,
        seed=row.seed,
        answer=answer,
        tokens=tokens,
        prompt_tokens=row.prompt_tokens,
        prm_tokens=row.prm_tokens,
        seconds=row.seconds,
        paths=paths_N,
        source=row.source,
        versions={"grader": _GRADER_VERSION, **row.versions} if row.gold is not None else row.versions,
    )


def _settled_classes(paths_N: tuple[LogPath, ...], answers_N: list[str | None]) -> tuple[int | None, ...]:
    """Right answers are one class, wrong ones where they are spelled alike or are the same number."""
    first: dict[object, int] = {}
    found: list[int | None] = []
    for i, (path, answer) in enumerate(zip(paths_N, answers_N, strict=True)):
        if answer is None:
            found.append(None)
            continue
        text = normalize(answer)
        value = number(text)
        found.append(first.setdefault(True if path.correct else text if value is None else value, i))
    return tuple(found)


def _answer(path: LogPath) -> str | None:
    return (extract_answer(path.text) if path.text is not None else None) or path.answer


async def _correct(grader: Grader, row: LogRow, path: LogPath, answer: str | None) -> bool | None:
    if row.settled or row.gold is None or (path.text is None and path.answer is None):
        return path.correct
    return await grader.correct(row.gold, answer)


async def _outcome(
    row: LogRow, paths_N: tuple[RecordedPath, ...], grader: Grader
) -> tuple[str | None, bool | None]:
    """The answer of the arm, and whether it is right."""
    chosen = choose(paths_N, row.select, row.aggregate) if paths_N else None
    if chosen is not None:
        path = paths_N[chosen]
        return path.answer, row.correct if path.correct is None else path.correct
    answer = (extract_answer(row.text) if row.text is not None else None) or row.answer
    if row.gold is not None and not paths_N and (answer is not None or row.text is not None):
        return answer, await grader.correct(row.gold, answer)
    if row.gold is not None and answer is None and paths_N and not any(path.correct for path in paths_N):
        return None, False  # every path abstained
    if len(paths_N) == 1 and row.correct is None:
        return answer, paths_N[0].correct
    return answer, row.correct
