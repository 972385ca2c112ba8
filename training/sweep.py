"""A sweep in compact form: for every problem, its samples with what selecting among them needs.

    python -m training.sweep RUN... --out FILE

reads run directories of a strategy that keeps all its samples (best_of_n) and writes one JSON object a
problem, {"id", "policy_model", "params", "prm", "n_correct", "samples": [{"answer", "group", "correct",
"tokens", "scores", "logprob"}]}, with a manifest beside the file. It holds neither the problem's text nor the
solutions, so a sweep over other people's problems can be kept beside the code; training/rejoin.py gives it
the texts back.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from router.grading import Grader
from training.jsonl import read_jsonl, write_jsonl

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
    for row in read_jsonl(path):
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
            for row in read_jsonl(run / "results.jsonl")
            if row["error"] is None and row["gold"] is not None
        ]


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


def _write_manifest(out: Path, runs: Sequence[Path]) -> None:
    """What the sweep came from, beside it: the configuration of every run (seed, weights, limits, hash of the
    input), and the hash of the file."""
    manifest = {
        "file": out.name,
        "sha256": sha256(out.read_bytes()).hexdigest(),
        "command": f"python -m training.sweep {' '.join(run.name for run in runs)} --out {out.name}",
        "runs": {run.name: json.loads((run / "config.json").read_text("utf-8")) for run in runs},
    }
    out.with_suffix(".manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN")
    parser.add_argument("--out", required=True, type=Path)
    options = parser.parse_args()
    problems = sorted(
        (problem for run in options.runs for problem in asyncio.run(compact(run))), key=lambda one: one.id
    )
    write_jsonl(options.out, ({**asdict(one), "n_correct": one.n_correct} for one in problems))
    _write_manifest(options.out, options.runs)
    print(f"{len(problems)} problems, {sum(len(one.samples) for one in problems)} samples -> {options.out}")


if __name__ == "__main__":
    main()
