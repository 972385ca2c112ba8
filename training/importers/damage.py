"""What can be wrong with a log, by name; and the list that a reader writes it into."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

__all__ = ["Damage", "Notes"]


class Damage(StrEnum):
    """One kind of damage, of repair, or of what a log does not tell."""

    TORN = "torn line"
    NOT_UTF8 = "line that is not UTF-8"
    WRONG_TYPE = "value of the wrong type"
    EMPTY = "empty record file"
    NO_RECORDS = "average without records"
    INTERRUPTED = "question missing from an interrupted run"
    DUPLICATE = "question logged again"
    UNEVEN = "question with another number of records"
    NO_PROBLEM = "row without a question"
    NO_ARM = "row without an arm"
    NO_ANSWER = "solution without an answer"
    NO_CORRECTNESS = "correctness unknown"
    REGRADED = "graded otherwise than logged"
    NAN = "NaN or infinite score"
    PRM_FAILED = "silent PRM failure"
    PRM_UNNAMED = "PRM unnamed"
    MODEL_UNNAMED = "policy model unnamed"
    SCALE = "score outside [0, 1]"
    NO_TOKENS = "tokens unknown"
    ESTIMATED = "tokens counted here"
    PADDED = "padded duplicate beam"
    EMPTY_STEP = "empty trailing step"
    UNTESTED = "too little text to test whether completions fit"
    MISALIGNED = "completion of another question"
    UNKNOWN_FORM = "file of no known form"


class Notes:
    """How often each kind was met in one file, and where first."""

    def __init__(self) -> None:
        self.counts: Counter[Damage] = Counter()
        self.first: dict[Damage, str] = {}
        self.rows_read = 0
        self.joined = 0
        self.dropped: Counter[Damage] = Counter()

    def add(self, kind: Damage, where: str, count: int = 1) -> None:
        if count:
            self.counts[kind] += count
            self.first.setdefault(kind, where)

    def drop(self, kind: Damage, where: str, count: int = 1) -> None:
        """As `add`, and the rows are left out for it."""
        self.add(kind, where, count)
        if count:
            self.dropped[kind] += count
