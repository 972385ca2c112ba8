"""A sweep in compact form: for every problem, its samples with what selecting among them needs.

    python -m training.sweep RUN... --out FILE [--rollouts FILE]

reads run directories of a strategy that keeps all its samples (best_of_n) and writes one JSON object a
problem: {"id", "policy_model", "params", "n_correct", "samples": [{"answer", "group", "correct", "tokens",
"scores", "logprob"}]}. It holds neither the problem's text nor the solutions, so a sweep over other people's
problems can be kept beside the code. `--rollouts` writes, for fitting difficulty on this machine, the rows of
training/difficulty/rollouts.py, which do hold the texts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from router.grading import Grader

__all__ = ["Sample", "SweptProblem", "read_sweep"]


@dataclass(frozen=True, slots=True)
class Sample:
    """One sampled solution. `group` is the index of the first sample with an equal answer, None where it
    states none; `scores` holds one PRM score a step; `logprob` is the mean over its tokens."""

    answer: str | None
    group: int | None
    correct: bool
    tokens: int
    scores: tuple[float, ...]
    logprob: float


@dataclass(frozen=True, slots=True)
class SweptProblem:
    id: str
    policy_model: str
    params: int
    prm: str
    samples: tuple[Sample, ...]

    @property
    def n_correct(self) -> int:
        return sum(sample.correct for sample in self.samples)


def read_sweep(path: Path) -> list[SweptProblem]:
    """A compact sweep. Raises ValueError or KeyError where the file is not one."""
    problems = []
    with path.open(encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            samples = tuple(Sample(**{**one, "scores": tuple(one["scores"])}) for one in row["samples"])
            problems.append(SweptProblem(row["id"], row["policy_model"], row["params"], row["prm"], samples))
    return problems


async def compact(run: Path) -> list[SweptProblem]:
    """The problems of one run directory that were solved and have a gold answer."""
    model = json.loads((run / "config.json").read_text())["policy_model"]
    with Grader(workers=2) as grader:
        return [
            SweptProblem(
                id=row["id"],
                policy_model=model["name"],
                params=model["params"],
                prm=row["prm"]["name"],
                samples=await _samples(row, grader),
            )
            for row in _rows(run)
            if row["error"] is None and row["gold"] is not None
        ]


def _rows(run: Path) -> Iterator[dict[str, Any]]:
    # Not splitlines(): JSON strings may hold U+2028 and others that it would split at.
    with (run / "results.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


async def _samples(row: dict[str, Any], grader: Grader) -> tuple[Sample, ...]:
    return tuple(
        [
            Sample(
                answer=path["answer"],
                group=path["vote"],
                correct=await grader.correct(row["gold"], path["answer"]),
                tokens=sum(path["tokens"]),
                scores=tuple(round(score, 6) for score in path["scores"]),
                logprob=round(sum(path["logprobs"]) / max(1, sum(path["tokens"])), 6),
            )
            for path in row["paths"]
        ]
    )


def _rollout(one: SweptProblem, text: str) -> dict[str, Any]:
    counts = {"n": len(one.samples), "n_correct": one.n_correct}
    return {"problem": text, "policy_model": one.policy_model, "params": one.params, **counts}


def _write(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN")
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--rollouts", type=Path)
    options = parser.parse_args()
    problems = sorted(
        (problem for run in options.runs for problem in asyncio.run(compact(run))), key=lambda one: one.id
    )
    _write(options.out, ({**asdict(one), "n_correct": one.n_correct} for one in problems))
    if options.rollouts:
        texts = {row["id"]: row["problem"] for run in options.runs for row in _rows(run)}
        # A single greedy solution is no sample.
        sampled = (one for one in problems if len(one.samples) > 1)
        _write(options.rollouts, (_rollout(one, texts[one.id]) for one in sampled))
    print(f"{len(problems)} problems, {sum(len(one.samples) for one in problems)} samples -> {options.out}")


if __name__ == "__main__":
    main()
