"""OpenR: a run folder with config.json and record.jsonl, one line a question."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from compute_router.training.importers.arm_names import Arm, sampled, tree
from compute_router.training.importers.compute_optimal_tts import TASK_SIZES
from compute_router.training.importers.damage import Damage, Notes
from compute_router.training.importers.lines import Row, objects
from compute_router.training.importers.log_row import LogRow
from compute_router.training.importers.outputs import model_in, outputs, reward_model_in, total_tokens
from compute_router.training.importers.values import gold_of, number_of, text_of

__all__ = ["read", "recognise"]


def recognise(row: Row) -> bool:
    return isinstance(row.get("output"), list) and "question" in row


def read(path: Path, notes: Notes) -> Iterator[LogRow]:
    """The rows of one run: its folder, or the record file itself."""
    folder, file = (path, path / "record.jsonl") if path.is_dir() else (path.parent, path)
    config: Row = {}
    if (folder / "config.json").exists():
        config = next((row for _, row in objects(folder / "config.json", Notes())), {})
    if not file.exists():
        averages = [name for name in ("avg_result.json", "avg_result.jsonl") if (folder / name).exists()]
        notes.add(Damage.NO_RECORDS if averages else Damage.EMPTY, folder.name)
        return
    inner = config.get("method_config")
    options = inner if isinstance(inner, dict) else {}
    rows = 0
    for place, row in objects(file, notes):
        if not recognise(row) or not isinstance(row["question"], str):
            notes.drop(Damage.WRONG_TYPE, place)
            continue
        paths = outputs(row, notes, place)
        if not paths:
            notes.drop(Damage.NO_ANSWER, place)
            continue
        rows += 1
        scored = any(path.scores for path in paths)
        arm = _arm(text_of(config.get("method")) or "", options, len(paths), scored=scored)
        yield LogRow(
            place=place,
            problem_id=None,
            policy_model=model_in(config),
            arm=arm.name,
            problem=row["question"],
            gold=gold_of(row.get("groundtruth")),
            prm=reward_model_in(config),
            paths=paths,
            select=arm.select,
            aggregate=arm.aggregate,
            candidates=arm.candidates,
            tokens=total_tokens(row),
        )
    whole = TASK_SIZES.get(str(options.get("task_name")), 0)
    notes.add(Damage.INTERRUPTED, f"{rows} of {whole} questions", max(0, whole - rows))


def _arm(method: str, options: Row, paths: int, *, scored: bool) -> Arm:
    """Its beam search keeps `beam_size` paths and gives each `tree_max_width` children."""
    if method in ("", "cot", "best_of_n"):
        return sampled(paths, scored=scored)
    width, kept = number_of(options.get("tree_max_width")), number_of(options.get("beam_size"))
    if method == "beam_search" and width and kept:
        return tree("beam", int(width * kept), int(width), f"{method}_{int(kept)}x{int(width)}")
    return Arm(method, "weighted" if scored else "vote")
