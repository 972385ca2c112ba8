"""Files of problems, to give a log the texts, reference answers and levels that it left out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from compute_router.training.difficulty.corpus import identity
from compute_router.training.importers.damage import Notes
from compute_router.training.importers.lines import objects
from compute_router.training.importers.values import gold_of, level_of, text_of

__all__ = ["Known", "Problems", "identity_of"]

_GOLD = ("gold", "gold_answer", "answer", "solution")


@dataclass(frozen=True, slots=True)
class Known:
    """What a file of problems says of one."""

    id: str | None
    text: str | None
    gold: str | None
    level: int | None


class Problems:
    """Known problems, found by id or by text (white space apart)."""

    def __init__(self, paths: Iterable[Path] = ()) -> None:
        self._by_id: dict[str, Known] = {}
        self._by_text: dict[str, Known] = {}
        for path in paths:
            for _, row in objects(path, Notes()):
                known = Known(
                    text_of(row.get("unique_id", row.get("id"))),
                    text_of(row.get("problem", row.get("question"))),
                    next((gold for key in _GOLD if (gold := gold_of(row.get(key)))), None),
                    level_of(row.get("level")),
                )
                if known.id:
                    self._by_id.setdefault(known.id, known)
                if known.text:
                    self._by_text.setdefault(identity(known.text), known)

    def find(self, problem_id: str | None, text: str | None) -> Known | None:
        """By text where there is one: ids are often line numbers."""
        if text is not None:
            return self._by_text.get(identity(text))
        return self._by_id.get(problem_id) if problem_id is not None else None


def identity_of(problem_id: str | None, text: str | None, file: str) -> str:
    """A problem's id. A line number is nobody's id: there the text's hash stands for it, as in
    compute_router.problem, or the file's name goes before it."""
    if problem_id is not None and not re.fullmatch(r"[\d.]+", problem_id):
        return problem_id
    if text is not None:
        return "p-" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{file}-{problem_id}"
