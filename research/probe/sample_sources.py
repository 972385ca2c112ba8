"""The sweeps that keep independent samples: those of the data folder, our own, and the user's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from compute_router.training.importers.damage import Notes
from compute_router.training.importers.finish import finish
from compute_router.training.sweep.record import Record, read_records
from research.probe.sampled_problem import Sampled, is_plain, sampled
from research.public.compact_sweeps import READERS
from research.workloads.workload import problem_texts

__all__ = ["FILES", "public", "users"]

_NAMES: Final = ("cotts", "math100", "shanjf", "specs")
"""Readers (research/public/compact_sweeps.py) of the logs that state more than one sample of some problem."""

FILES: Final = (
    "problems/gsm8k_train.jsonl",
    "problems/math500.jsonl",
    "problems/math_train7474_levels.jsonl",
    "sweeps/cotts_qwen2.5-1.5b_mathshepherd_cot_n1.jsonl",
    "sweeps/qwen_math100_8samples_rm.jsonl",
    "sweeps/shanjf_math500_4samples_1b_1.5b.jsonl",
    "sweeps/specs_n1_3b_8b_compact.jsonl",
)
"""What of the data folder these samples, and what the text says of them, come from."""


def public(data: Path) -> dict[str, list[Sampled]]:
    """By "log: policy model". Raises OSError where a file is missing, GradingError where no grader starts."""
    found: dict[str, list[Sampled]] = {}
    for name in _NAMES:
        rows = [row for row in READERS[name](data) if row.paths and is_plain(row.arm)]
        found |= _by_model(name, finish(rows, Notes()))
    return found


def users(files: Iterable[Path], data: Path) -> dict[str, list[Sampled]]:
    """Sweep files (record.py). Problems of the workload get back the texts that a shipped sweep
    leaves out. Raises RecordError."""
    found: dict[str, list[Sampled]] = {}
    texts: dict[str, str] = {}
    for path in files:
        records = list(read_records(path))
        if not texts and any(record.problem is None for record in records):
            texts = problem_texts(data)
        found |= _by_model(
            path.stem,
            [
                replace(record, problem=texts.get(record.problem_id)) if record.problem is None else record
                for record in records
            ],
        )
    return found


def _by_model(name: str, records: Sequence[Record]) -> dict[str, list[Sampled]]:
    models: defaultdict[str, list[Sampled]] = defaultdict(list)
    for problem in sampled(records):
        models[problem.policy_model].append(problem)
    return {f"{name}: {model}": some for model, some in models.items()}
