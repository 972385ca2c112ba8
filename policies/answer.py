r"""The final answer that a solution states.

In order: the last complete `\boxed{...}`, the text after the last `####` (GSM8K), and the text after
the last "answer is". A number that merely stands last is not taken for an answer.
"""

from __future__ import annotations

import re

__all__ = ["MAX_ANSWER_CHARS", "extract_answer"]

MAX_ANSWER_CHARS = 1000
"""A longer "answer" is a runaway text, not an answer."""

_BOX = re.compile(r"\\f?boxed\s*\{")
_BOX_BARE = re.compile(r"\\f?boxed\s+([^\s{}$]+)")
_HASHES = re.compile(r"####[ \t]*(\S[^\n]*)")
_SENTENCE = re.compile(r"\banswer\s*(?:is|:)\s*:?[ \t]*(\S[^\n]*)", re.IGNORECASE)
_SENTENCE_END = re.compile(r"\.(?:\s|$)")


def extract_answer(text: str) -> str | None:
    """The answer stated in `text`, stripped, or None where none is stated."""
    found = _last_boxed(text)
    if found is None:
        found = _last_line(_HASHES, text)
    if found is None:
        found = _last_line(_SENTENCE, text)
        if found is not None:
            found = _SENTENCE_END.split(found, maxsplit=1)[0].strip("*$ \t")
    if found is None or not found.strip() or len(found) > MAX_ANSWER_CHARS:
        return None
    return found.strip()


def _last_line(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.findall(text)
    return found[-1] if found else None


def _last_boxed(text: str) -> str | None:
    for opening in reversed(list(_BOX.finditer(text))):
        content = _braced(text, opening.end())
        if content is not None:
            return content
    bare = list(_BOX_BARE.finditer(text))
    return bare[-1].group(1) if bare else None


def _braced(text: str, start: int) -> str | None:
    depth = 1
    for at in range(start, min(len(text), start + MAX_ANSWER_CHARS + 1)):
        char = text[at]
        # An escaped brace (a set such as \{1, 2\}) does not close the box.
        if char in "{}" and text[at - 1] != "\\":
            depth += 1 if char == "{" else -1
            if depth == 0:
                return text[start:at]
    return None
