"""The logs of other projects in the data folder (its MANIFEST says what each one is), as graded answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from compute_router.training.difficulty.corpus import Annotated, Graded

__all__ = [
    "ANNOTATION_FILES",
    "FILES",
    "MATH500_PROBLEMS",
    "MATH_TRAIN",
    "annotated",
    "graded",
    "math500_texts",
    "training_notes",
]

_MATH500 = "problems/math500.jsonl"
_MATH_TEST = "problems/math_test5000.jsonl"
_MATH_TRAIN = "problems/math_train7474_levels.jsonl"
_GSM8K = ("problems/gsm8k_train.jsonl", "problems/gsm8k_test.jsonl")
_MATRICES = {
    "gsm8k": "sweeps/zeroeval_gsm_matrix.jsonl",
    "math-l5": "sweeps/zeroeval_math-l5_matrix.jsonl",
}
_OPENAI = "sweeps/openai_gsm8k_6b_175b_finetune_vs_verifier.jsonl"
_FOUR_SAMPLES = "sweeps/shanjf_math500_4samples_1b_1.5b.jsonl"
_SINGLE_SAMPLES = ("sweeps/specs_n1_3b_8b_compact.jsonl", "sweeps/specs_beam_llama_qwen_compact.jsonl")
_CHAIN_OF_THOUGHT = "sweeps/cotts_qwen2.5-1.5b_mathshepherd_cot_n1.jsonl"
_EIGHT_SAMPLES = "sweeps/qwen_math100_8samples_rm.jsonl"
_GPT41_MINI = "sweeps/attcc_gsm8k300_gpt4.1mini.jsonl"

MATH500_PROBLEMS, MATH_TRAIN = "math500-problems", "math-train"
"""Names of two problem sets in `Corpus.sources_P`."""

FILES = (
    _MATH500,
    _MATH_TEST,
    _MATH_TRAIN,
    *_GSM8K,
    *_MATRICES.values(),
    _OPENAI,
    _FOUR_SAMPLES,
    *_SINGLE_SAMPLES,
    _CHAIN_OF_THOUGHT,
    _EIGHT_SAMPLES,
    _GPT41_MINI,
)
"""Every file that is read, below the data folder."""

ANNOTATION_FILES = (_MATH_TRAIN, _GSM8K[0])
"""Those of `training_notes`."""

_OWNERS = re.compile(r"^(AMead10|hugging-quants|Qwen(?=Qwen))")
"""Hub owners that one of the logs glues to the model's name."""


def graded(data: Path) -> Iterator[Graded]:
    """All graded answers. Searches of more than one sample are left out: they are not pass@1."""
    for source, name in _MATRICES.items():
        for row in _rows(data / name):
            for model, (correct, *_) in row["results"].items():
                yield Graded(row["question"], model, 1, correct, source)
    for row in _rows(data / _OPENAI):
        for model in ("gpt3-6b", "gpt3-175b"):
            correct = row[model.removeprefix("gpt3-") + "_finetuning"]["is_correct"]
            yield Graded(row["question"], f"{model}-finetuned", 1, int(correct), "gsm8k")
    for row in _rows(data / _GPT41_MINI):
        if row["x_strategy"] == "fixed_1":
            yield Graded(row["question"], "gpt-4.1-mini", 1, int(row["correct"]), "gsm8k")
    for row in _rows(data / _EIGHT_SAMPLES):
        yield Graded(row["question"], "unnamed-of-math100", len(row["score"]), sum(row["score"]), "math100")
    yield from _math500(data)


def annotated(data: Path) -> Iterator[Annotated]:
    """MATH levels and the number of calculations in GSM8K's reference solutions."""
    for source, name in ((MATH500_PROBLEMS, _MATH500), ("math-test", _MATH_TEST)):
        for row in _rows(data / name):
            if (level := row["level"].removeprefix("Level ")).isdigit():
                yield Annotated(row["problem"], source, level=int(level))
    yield from training_notes(data)
    yield from _steps(data / _GSM8K[1])


def training_notes(data: Path) -> Iterator[Annotated]:
    """Of the training splits alone."""
    for row in _rows(data / _MATH_TRAIN):
        if row["difficulty"] >= 1:
            yield Annotated(row["problem"], MATH_TRAIN, level=int(row["difficulty"]))
    yield from _steps(data / _GSM8K[0])


def math500_texts(data: Path) -> Iterator[str]:
    for row in _rows(data / _MATH500):
        yield row["problem"]


def _steps(path: Path) -> Iterator[Annotated]:
    for row in _rows(path):
        yield Annotated(row["question"], "gsm8k-problems", steps=row["answer"].count("<<"))


def _math500(data: Path) -> Iterator[Graded]:
    problem_of = {row["unique_id"]: row["problem"] for row in _rows(data / _MATH500)}
    for row in _rows(data / _FOUR_SAMPLES):
        right = row["x_correct"]
        yield Graded(problem_of[row["unique_id"]], row["x_policy"], len(right), sum(right), "math500")
    for name in _SINGLE_SAMPLES:
        for row in _rows(data / name):
            if row["x_n"] == 1:
                model = _OWNERS.sub("", row["x_models"])
                yield Graded(problem_of[row["unique_id"]], model, 1, sum(row["x_correct"]), "math500")
    for row in _rows(data / _CHAIN_OF_THOUGHT):
        right = int(row["result"]["majority_vote"])
        yield Graded(problem_of[row["x_unique_id"]], row["x_policy"], 1, right, "math500")


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
