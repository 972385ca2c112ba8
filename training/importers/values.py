"""Values as logs write them, read tolerantly: None where a value tells nothing that can be used."""

from __future__ import annotations

import math
import re
from typing import Any

from compute_router.policies import extract_answer
from compute_router.problem import storable
from compute_router.training.importers.damage import Damage, Notes

__all__ = [
    "answer_of",
    "count_of",
    "gold_of",
    "level_of",
    "number_of",
    "scores_of",
    "seed_of",
    "text_of",
    "truth_of",
]

MOST = 10**15

_LEVEL = re.compile(r"(?:level\s*)?([1-5])(?:\.0)?", re.IGNORECASE)
_TRUE, _FALSE = ("true", "1", "yes"), ("false", "0", "no")


def text_of(value: Any) -> str | None:
    """A text or a number as text; None for anything else and for blanks."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        value = int(value) if value.is_integer() else value
    return storable(str(value)) if str(value).strip() else None


def answer_of(value: Any) -> str | None:
    """What a log took for an answer: the content of a box where it is boxed."""
    text = text_of(value)
    if text is None:
        return None
    return (extract_answer(text) if "boxed" in text or "####" in text else None) or text.strip()


def gold_of(value: Any) -> str | None:
    """A reference answer: GSM8K's after its "####", a whole solution's last box, else the text itself."""
    text = text_of(value)
    if text is None:
        return None
    if "####" in text:
        return text.rpartition("####")[2].strip() or None
    return answer_of(text)


def level_of(value: Any) -> int | None:
    """A MATH level, from "Level 3", "3" or 3."""
    text = text_of(value)
    found = _LEVEL.fullmatch(text.strip()) if text else None
    return int(found[1]) if found else None


def truth_of(value: Any) -> bool | None:
    """A correctness: a boolean, 0 or 1, or its text."""
    if isinstance(value, bool):
        return value
    text = (text_of(value) or "").strip().lower()
    return True if text in _TRUE else False if text in _FALSE else None


def number_of(value: Any) -> float | None:
    """A finite number, or its text."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def count_of(value: Any) -> int | None:
    """A count of tokens or parameters; 0 and -1 stand for unknown in these logs, not for free, and so does
    what no run can have counted: sums of counts must stay within 64 bits."""
    number = number_of(value)
    return None if number is None or not 1 <= number <= MOST else round(number)


def seed_of(value: Any) -> int | None:
    """A whole number that a JSON row can hold."""
    number = number_of(value)
    return int(number) if number is not None and number.is_integer() and abs(number) <= MOST else None


def scores_of(value: Any, notes: Notes, place: str) -> tuple[float, ...]:
    """The PRM scores of one path, one a step, as logged (perhaps outside [0, 1]); empty where they cannot
    be used: NaN, no numbers, or zeros only, as which a PRM server's failure is logged."""
    if value is None or value == []:
        return ()
    found = [value] if isinstance(value, int | float) else value
    while isinstance(found, list) and len(found) == 1 and isinstance(found[0], list):
        found = found[0]
    if not isinstance(found, list) or any(
        isinstance(score, bool) or not isinstance(score, int | float) for score in found
    ):
        kind = Damage.NAN if isinstance(found, list) and None in found else Damage.WRONG_TYPE
        notes.add(kind, place)
        return ()
    if not all(math.isfinite(score) for score in found):
        notes.add(Damage.NAN, place)
        return ()
    if not any(found):
        notes.add(Damage.PRM_FAILED, place, bool(found))
        return ()
    return tuple(float(score) for score in found)
