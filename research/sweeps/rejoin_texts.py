"""Gives a sweep its problem texts back, as rollouts that the difficulty predictor is fitted on.

    python -m research rejoin-texts SWEEP... --data ../shared/data --out runs/rollouts.jsonl

The texts are those of workload.py, by id, where the sweep was kept without them. Writes the rows of
research/difficulty/rollouts.py. A single greedy solution is no sample and is left out.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from compute_router.training.sweep.implied_arms import has_plain_samples
from compute_router.training.sweep.record import Record, RecordError, read_records
from research.workloads.jsonl import write_jsonl
from research.workloads.workload import problem_texts

__all__ = ["rollouts"]


def rollouts(records: Iterable[Record], texts: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """One row for each row of plain samples. Raises RecordError where a text is in neither."""
    for record in records:
        if not has_plain_samples(record):
            continue
        text = record.problem or texts.get(record.problem_id)
        if text is None:
            raise RecordError(f"no text is known for the problem {record.problem_id!r}")
        yield {
            "problem": text,
            "policy_model": record.policy_model,
            "params": record.params,
            "n": len(record.paths),
            "n_correct": sum(path.correct is True for path in record.paths),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sweeps", nargs="+", type=Path, metavar="SWEEP")
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--out", required=True, type=Path)
    options = parser.parse_args()
    texts = problem_texts(options.data)
    rows = list(rollouts((one for path in options.sweeps for one in read_records(path)), texts))
    write_jsonl(options.out, rows)
    print(f"{len(rows)} problems -> {options.out}")


if __name__ == "__main__":
    main()
