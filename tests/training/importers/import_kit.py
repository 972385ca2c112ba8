"""Logs as other systems write them, made up: questions that differ in their words and numbers."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from compute_router.training.importers import Imported, Report

_WORDS = """amber basket cedar dragon ember falcon garnet harbor island jacket kettle lantern marble needle
orchard pepper quartz ribbon saddle timber umbrella velvet walnut yarrow zephyr anchor beacon candle"""
WORDS = _WORDS.split()


def question(i: int) -> str:
    rng = random.Random(i)
    first, second, third = rng.sample(WORDS, 3)
    a, b = rng.randint(100, 999), rng.randint(100, 999)
    return f"The {first} shop sells {a} pieces of {second} and {b} pieces of {third}. How many in all?"


def answer(i: int) -> int:
    numbers = [int(word) for word in question(i).split() if word.isdigit()]
    return sum(numbers)


def solution(i: int, stated: int | None = None, words: str = "") -> str:
    """A solution of question i that states `stated` (the right answer where None)."""
    parts = question(i).split()
    first, second, third = parts[1], parts[6], parts[11].rstrip(".")
    a, b = (word for word in parts if word.isdigit())
    said = answer(i) if stated is None else stated
    return (
        f"In the {first} shop there are {a} pieces of {second}.{words}\n\n"
        f"It also sells {b} pieces of {third}.\n\nTogether that is $\\boxed{{{said}}}$."
    )


def write_jsonl(path: Path, rows: Iterable[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def tts_record(i: int, paths: list[dict[str, Any]], **result: Any) -> dict[str, Any]:
    return {
        "question": question(i),
        "groundtruth": f"Add them up: $\\boxed{{{answer(i)}}}$",
        "result": result,
        "output": [{"path_idx": k, **path} for k, path in enumerate(paths)],
    }


def tts_path(i: int, stated: int | None = None, *, tokens: int = 0, scores: Any = None) -> dict[str, Any]:
    """With the step marks that compute-optimal-tts leaves in its texts, and three scores."""
    text = solution(i, stated).replace("\n\n", " ки\n") + " ки\n"
    value = [0.5, 0.6, 0.7] if scores is None else scores
    return {"text": text, "value": value, "completion_tokens": tokens, "extracted_answer": "1"}


def tts_run(root: Path, method: str = "best_of_n", shape: str = "1_1_1", model: str = "Qwen2.5-1.5B") -> Path:
    """An empty run folder with its config."""
    run = root / f"MY_{method}" / model / "math-shepherd-mistral-7b-prm" / shape
    run.mkdir(parents=True)
    config = {
        "method": method,
        "method_config": {"task_name": "MY"},
        "LM": [f"/models/{model}"],
        "RM": "/m/prm-7b",
    }
    (run / "config.json").write_text(json.dumps(config))
    return run


def sal_row(i: int, texts: list[str], **more: Any) -> dict[str, Any]:
    return {
        "problem": question(i),
        "answer": str(answer(i)),
        "unique_id": f"test/{i}.json",
        "level": "Level 3",
        "completions": texts,
        "scores": [[0.2, 0.3, 0.4]] * len(texts),
        "completion_tokens": [0] * len(texts),
        "pred": texts[0],
        **more,
    }


def counts(imported: Imported | Report) -> dict[str, int]:
    """How often each kind of damage was found, over all files."""
    report = imported.report if isinstance(imported, Imported) else imported
    found: dict[str, int] = {}
    for file in report.files:
        for one in file.findings:
            found[one.kind] = found.get(one.kind, 0) + one.count
    return found
