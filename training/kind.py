"""Problems of one data set, by what their ids begin with."""

from __future__ import annotations

import re

__all__ = ["kind_of"]

_NAME = re.compile(r"[^\W\d_]+(?:\d+[^\W\d_]+)*")
_SPLITS = frozenset({"train", "test"})
"""MATH names its problems by their file: test/algebra/114.json."""


def kind_of(problem_id: str) -> str:
    """The first word of an id: "gsm8k-test-3" is of "gsm8k", "sum-8-1" of "sum", "q17" of "q", and MATH's own
    are of "math". An id that begins with no word is of the kind "other"."""
    found = _NAME.match(problem_id)
    if found is None:
        return "other"
    name = found[0].lower()
    return "math" if name in _SPLITS and "/" in problem_id else name
