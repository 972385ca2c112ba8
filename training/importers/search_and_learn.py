"""search-and-learn: `data/{model}/{approach}_completions.jsonl`, or a file or branch whose name tells it all.

One line a problem: the data set's own columns and `completions`, `scores` (a list a completion), `pred`,
`completion_tokens` (0 or -1: unknown), `agg_scores`, `pred_weighted@n` and others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from compute_router.training.importers.arm_names import Arm, sampled, tree
from compute_router.training.importers.clean import distinct, without_blank_end
from compute_router.training.importers.damage import Damage, Notes
from compute_router.training.importers.lines import Row, objects
from compute_router.training.importers.log_row import LogPath, LogRow
from compute_router.training.importers.size import clean_name
from compute_router.training.importers.values import count_of, gold_of, level_of, scores_of, text_of

__all__ = ["read", "recognise"]

_APPROACH = re.compile(r"best_of_n|beam_search|dvts")
_N, _M, _SEED = (re.compile(rf"(?:--|-?_|^){key}-?(\d+)(?=--|_|\.|$)") for key in ("n", "m", "seed"))
_MODEL = re.compile(r"^(.*?)-?_n\d")
_USUAL_M = 4
_GOLD = ("gold", "gold_answer", "answer", "solution")


def recognise(row: Row) -> bool:
    return isinstance(row.get("completions"), list) and ("scores" in row or "pred" in row)


def read(path: Path, notes: Notes) -> Iterator[LogRow]:
    """The rows of one file."""
    rows = [(place, row) for place, row in objects(path, notes) if _usable(row, notes, place)]
    names = [path.stem, *(part.name for part in path.parents if part.name)][:4]
    words = " ".join(names)
    approach = found[0] if (found := _APPROACH.search(words)) else None
    most = max((len(row["completions"]) for _, row in rows), default=1)
    n = _stated(_N, names) or most
    scored = any(row.get("scores") for _, row in rows)
    arm = _arm(approach, n, _stated(_M, names) or _USUAL_M, scored)
    seed = _stated(_SEED, names)
    for place, row in rows:
        paths = _paths(row, arm, notes, place)
        yield LogRow(
            place=place,
            problem_id=text_of(row.get("unique_id", row.get("id"))),
            policy_model=_model(names),
            arm=(sampled(len(paths), scored=scored) if arm.candidates is None else arm).name,
            problem=text_of(row.get("problem", row.get("question"))),
            gold=next((gold for key in _GOLD if (gold := gold_of(row.get(key)))), None),
            level=level_of(row.get("level")),
            seed=seed,
            paths=paths,
            select=arm.select,
            aggregate=arm.aggregate,
            candidates=arm.candidates,
        )


def _usable(row: Row, notes: Notes, place: str) -> bool:
    completions = row.get("completions")
    if isinstance(completions, list) and completions and all(isinstance(text, str) for text in completions):
        return True
    notes.drop(Damage.WRONG_TYPE if completions else Damage.NO_ANSWER, place)
    return False


def _arm(approach: str | None, n: int, m: int, scored: bool) -> Arm:
    if approach in ("beam_search", "dvts"):
        return tree("beam" if approach == "beam_search" else "dvts", n, m, f"{approach}_n{n}")
    return replace(sampled(n, scored=scored), select="max" if scored else "vote")


def _paths(row: Row, arm: Arm, notes: Notes, place: str) -> tuple[LogPath, ...]:
    completions: list[str] = row["completions"]
    scores, counts = row.get("scores"), row.get("completion_tokens")
    if scores is not None and not _fits(scores, completions):
        notes.add(Damage.WRONG_TYPE, place)
        scores = None
    if not isinstance(counts, list) or len(counts) != len(completions):
        counts = None
    found = []
    for i, text in enumerate(completions):
        values = scores_of(scores[i], notes, place) if scores else ()
        found.append(
            LogPath(
                text=text,
                tokens=count_of(counts[i]) if counts else None,
                scores=without_blank_end(text.split("\n\n"), values, notes, place),
            )
        )
    return tuple(found) if arm.candidates is None else distinct(found, notes, place)


def _fits(values: object, completions: list[str]) -> bool:
    return isinstance(values, list) and len(values) == len(completions)


def _stated(pattern: re.Pattern[str], names: list[str]) -> int | None:
    return next((int(found[1]) for name in names if (found := pattern.search(name))), None)


def _model(names: list[str]) -> str | None:
    """From `{model}-_n4_...`, or the folder that `{approach}_completions` lies in; a branch names none."""
    stem = names[0]
    if glued := _MODEL.search(stem):
        return clean_name(glued[1]) or None
    if stem.endswith("_completions") and len(names) > 1:
        return clean_name(names[1])
    return None
