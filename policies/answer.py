r"""The final answer that a solution states.

In order: the last complete `\boxed{...}`, the text after the last `####` (GSM8K), and the text after
the last "answer is". A number that merely stands last is not taken for an answer.
"""

from __future__ import annotations

import re

__all__ = ["MAX_ANSWER_CHARS", "extract_answer"]

MAX_ANSWER_CHARS = 1000
"""A longer "answer" is a runaway text, not an answer."""

# An opening box, an escape (a brace in a set such as \{1, 2\}, a line break \\), or a brace.
_BRACE = re.compile(r"\\f?boxed\s*+\{|\\[{}]|\\\\(?!f?boxed)|[{}]")
_BOX_BARE = re.compile(r"\\f?boxed\s+([^\s{}$]+)")
_HASHES = re.compile(r"(?<!#)####[ \t]*+(?=[^\s#])")
# Possessive, as "answer is" before a million blanks must not take a million squared steps.
_SENTENCE = re.compile(r"\banswer\s*+(?:is|:)\s*+:?+[ \t]*+(?=\S)", re.IGNORECASE)
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
    """The rest of the line after the last match."""
    end = max((match.end() for match in pattern.finditer(text)), default=None)
    return None if end is None else text[end:].partition("\n")[0]


def _last_boxed(text: str) -> str | None:
    """The content of the last box to be opened that is also closed, neither blank nor over-long."""
    first = text.find("boxed")
    if first < 0:
        return None
    opened: list[int] = []  # where the content of each open box starts; 0 for a mere brace
    last, content = 0, None
    # What stands before the first box, and the backslashes at its head, can neither open nor close one.
    for brace in _BRACE.finditer(text, len(text[:first].rstrip("f").rstrip("\\"))):
        if brace[0] == "{":
            opened.append(0)
        elif len(brace[0]) > 2:
            opened.append(brace.end())
        elif brace[0] == "}" and opened:
            start, end = opened.pop(), brace.start()
            if start > last and end - start <= MAX_ANSWER_CHARS and text[start:end].strip():
                last, content = start, text[start:end]
    if content is not None:
        return content
    bare = _BOX_BARE.findall(text)
    return bare[-1] if bare else None
