"""Solved problems with all their samples, from run directories."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from compute_router.engines.replay.recording import results_of, rows_of
from compute_router.errors import InputError
from compute_router.grading import Grader
from compute_router.policies import Step
from compute_router.scoring.arithmetic import FEATURES, evidence
from compute_router.training.difficulty.corpus import identity
from compute_router.training.outcomes.outcome_matrix import Floats
from compute_router.training.sweep.implied_arms import plain_sampler_of

__all__ = ["Solved", "Tried", "kind_of", "read_solved"]

_NAME = re.compile(r"[^\W\d_]+(?:\d+[^\W\d_]+)*")
_SPLITS = frozenset({"train", "test"})
"""MATH names its problems by their file: test/algebra/114.json."""

CONFIG = "config.json"


@dataclass(frozen=True, slots=True)
class Tried:
    """One sample. `evidence_SF`: after each step, of which there are none where nothing came; `group`: the
    first path of the problem with an equal answer, None where it states none; `logprob`: mean over tokens,
    None where unknown."""

    evidence_SF: Floats
    answer: str | None
    group: int | None
    correct: bool
    logprob: float | None


@dataclass(frozen=True, slots=True)
class Solved:
    """`kind`: its data set, as far as its id tells; `identity`: equal for equal texts."""

    kind: str
    identity: str
    policy_model: str
    paths_N: tuple[Tried, ...]

    @property
    def is_mixed(self) -> bool:
        return 0 < sum(path.correct for path in self.paths_N) < len(self.paths_N)


def read_solved(runs: Sequence[Path]) -> list[Solved]:
    """The problems of run directories, or of sweep directories that hold some, that were solved by plain
    samples (best_of_n, majority), each once for each policy model: by the most samples. Whatever the order of
    `runs` and rows is, the result is the same. Answers are graded again.

    Raises InputError, naming the run: no results, a damaged row, nothing with a reference answer, texts left
    out, no plain samples; or where no problem has both right and wrong solutions, so that nothing can be
    learned. A torn last line, of a run that goes on, is left alone.
    """
    found: dict[tuple[str, str], tuple[tuple[int, str], Solved]] = {}
    with Grader(workers=2) as grader:
        for rank, solved in asyncio.run(_all(runs, grader)):
            key = (solved.identity, solved.policy_model)
            if key not in found or rank > found[key][0]:
                found[key] = rank, solved
    problems = [found[key][1] for key in sorted(found)]
    if not any(problem.is_mixed for problem in problems):
        raise InputError(
            f"none of the {len(problems)} problems has both right and wrong solutions: sample more of each, "
            "or problems nearer to what the policy model can do"
        )
    return problems


async def _all(runs: Sequence[Path], grader: Grader) -> list[tuple[tuple[int, str], Solved]]:
    # In one event loop: the grader's processes belong to it.
    found = []
    for run in runs:
        mine = [one for file in results_of(run) for one in [one async for one in _solved(file, grader)]]
        if not mine:
            raise InputError(f"{run} holds no finished problem")
        usable = [one for one in mine if not isinstance(one, str)]
        if not usable:
            missing = sorted({one for one in mine if isinstance(one, str)})
            raise InputError(f"{run} has nothing to learn from: {'; '.join(missing)}")
        found += usable
    return found


async def _solved(file: Path, grader: Grader) -> AsyncIterator[tuple[tuple[int, str], Solved] | str]:
    """(rank, problem) for each row that can be learned from, else what it lacks."""
    policy_model = _policy_model(file.parent / CONFIG)
    for place, row, line in rows_of(file):
        try:
            if lacking := _lacking(row):
                yield lacking
                continue
            paths_N = tuple([await _tried(row, path, grader) for path in row["paths"]])
            if not any(len(path.evidence_SF) for path in paths_N):
                yield "every solution is empty"
                continue
            rank = (len(paths_N), sha256(line).hexdigest())
            yield rank, Solved(kind_of(row["id"]), identity(row["problem"]), policy_model, paths_N)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"{place} is no row of a run ({error!r})") from error


def _lacking(row: dict[str, Any]) -> str | None:
    if row["error"] is not None:
        return "problems ended in an error"
    if row["gold"] is None:
        return "problems have no reference answer ('answer' or 'solution' in the input)"
    if not row["problem"] or not all(isinstance(path.get("steps"), list) for path in row["paths"]):
        return "the texts of problems or solutions were left out"
    decision = row["decision"]
    if decision is None or row.get("rerouted") is not None or plain_sampler_of(decision["strategy"]) is None:
        return "problems were not solved by plain samples (best_of_n or majority)"
    return None


async def _tried(row: dict[str, Any], path: dict[str, Any], grader: Grader) -> Tried:
    tokens, logprobs = path["tokens"], path["logprobs"]
    steps_S = [
        # A sum of exactly 0 is that of none.
        Step(text, (0,) * count, (logprob / count,) * count if logprob and count else ())
        for text, count, logprob in zip(path["steps"], tokens, logprobs, strict=True)
    ]
    known = sum(tokens) > 0 and all(logprobs)
    return Tried(
        np.array(evidence(row["problem"], steps_S), dtype=np.float64).reshape(-1, len(FEATURES)),
        path["answer"],
        path["vote"],
        await grader.correct(row["gold"], path["answer"]),
        sum(logprobs) / sum(tokens) if known else None,
    )


def _policy_model(config: Path) -> str:
    try:
        return str(orjson.loads(config.read_bytes())["policy_model"]["name"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{config} names no policy model ({error!r})") from error


def kind_of(problem_id: str) -> str:
    """The first word of an id: "gsm8k-test-3" is of "gsm8k", "sum-8-1" of "sum", "q17" of "q", and MATH's own
    are of "math". An id that begins with no word is of the kind "other"."""
    found = _NAME.match(problem_id)
    if found is None:
        return "other"
    name = found[0].lower()
    return "math" if name in _SPLITS and "/" in problem_id else name
