"""Gives a sweep its problem texts back, as rollouts that the difficulty predictor is fitted on.

    python -m research rejoin-texts SWEEP... --data ../shared/data --out runs/rollouts.jsonl

Where the sweep was kept without texts, they come from research/workloads/workload.py, by id. The rows are
those of research/difficulty/rollouts.py. A single greedy solution is no sample and is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from compute_router.training.sweep.implied_arms import has_plain_samples
from compute_router.training.sweep.record import Record, RecordError, read_records
from research.workloads.jsonl import write_jsonl
from research.workloads.workload import problem_texts

__all__ = ["rejoin_texts", "rollouts"]


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


def rejoin_texts(sweeps: Sequence[Path], data: Path, out: Path) -> None:
    """Writes the rollouts of the sweep files `sweeps` to the file `out`; `data` is the folder with problems/.
    Raises RecordError where a sweep cannot be read or a text is not known."""
    texts = problem_texts(data)
    rows = list(rollouts((one for path in sweeps for one in read_records(path)), texts))
    write_jsonl(out, rows)
    print(f"{len(rows)} problems -> {out}")
