"""A problem, and the two rules on its texts: what can be stored, and what of an answer counts."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MAX_PROBLEM_CHARS", "Problem", "reference", "storable"]

MAX_PROBLEM_CHARS = 100_000


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem, or what is left of a row that cannot be one.

    `gold` is the reference answer, where there is one. `error`, a sentence, says why no model may see
    this problem: it is recorded as failed and the run goes on. Its `text` is then cut and cleaned to
    something that can be stored.
    """

    id: str
    text: str
    gold: str | None = None
    error: str | None = None


def reference(answer: str) -> str:
    """The answer that `answer` is or, as in GSM8K, ends with after "####"."""
    return storable(answer.rpartition("####")[2].strip())


def storable(text: str) -> str:
    """`text` with U+FFFD for what cannot be written as UTF-8 or ends a C string."""
    return text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
