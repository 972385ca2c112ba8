"""What can be seen of a solution without a model, after each of its steps."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from compute_router.policies import Step
from compute_router.policies.answer import extract_answer
from compute_router.scoring.arithmetic.derivation import Derivations
from compute_router.scoring.arithmetic.equations import Equation, equations
from compute_router.scoring.arithmetic.given import Given, given

__all__ = ["ANSWERED", "FEATURES", "GROUPS", "SCHEMA", "evidence"]

SCHEMA: Final = 1
"""Of the features; rises when one comes, goes or is read otherwise."""

GROUPS: Final = MappingProxyType[str, tuple[str, ...]](
    {
        "calculations": (
            "wrong",  # one is wrong
            "wrong_share",  # of them
            "calculations",  # log(1 + how many)
        ),
        # Of the answer, or of the last result where there is none yet.
        "derivation": (
            "derived",  # share of the given numbers that it was made of
            "astray",  # share of what it was made of that is not given so
            "sound",  # made of the terms of the problem's bare sum and of no others, and nothing is wrong
        ),
        "answer": (
            "answered",
            "answer_found",  # it is one of the results
            "answer_given",  # it is a number of the problem
        ),
        "form": (
            "repeats",  # share of lines said before
            "code",
            "length",  # log(1 + tokens)
        ),
        "probability": (
            "logprob",  # mean over tokens
            "logprob_here",  # this step's
        ),
    }
)
FEATURES: Final = tuple(name for names in GROUPS.values() for name in names)
ANSWERED: Final = FEATURES.index("answered")

_COMMON = frozenset(map(Fraction, (1, 2, 3, 4, 5, 7, 10, 12, 24, 30, 52, 60, 100, 365, 1000)))
"""Numbers that need no source: days of a week, minutes of an hour."""
_ANSWER = re.compile(r"-?\d{1,40}(?:\.\d{1,40})?")
_LINE = 12
"""Characters of a line that is worth saying once."""
_CHARS = 20_000
"""Of a step, and of a path; what is longer is a runaway text, and the rest of it is not read."""
_STATES = re.compile(r"boxed|####|answer", re.IGNORECASE)
_MARK = 6
_UNKNOWN = math.nan
_LEAST = -50.0
"""Of a mean log-probability; below, all are as good as impossible."""


def evidence(problem: str, steps: Sequence[Step]) -> list[tuple[float, ...]]:
    """A row of FEATURES after each step, of all that was written so far; NaN is unknown. Never raises."""
    seen = _Seen(_given(problem))
    return [seen.after(step) for step in steps]


_given = lru_cache(maxsize=4096)(given)


@lru_cache(maxsize=16384)
def _equations(text: str) -> tuple[Equation, ...]:
    return tuple(equations(text))


class _Seen:
    """What the steps so far have shown."""

    def __init__(self, given: Given) -> None:
        self._given = given
        self._known = _COMMON | given.words | set(given.numbers)
        self._derivations = Derivations(given.numbers)
        self._results: list[Fraction] = []
        self._wrong = 0
        self._text = ""
        self._answer: str | None = None
        self._states = self._code = False
        self._lines: Counter[str] = Counter()
        self._logprob = 0.0
        self._tokens = self._scored = 0

    def after(self, step: Step) -> tuple[float, ...]:
        text = step.text[: max(0, _CHARS - len(self._text))]
        # A mark may begin in one step and end in the next.
        begun = max(0, len(self._text) - _MARK)
        self._text += text
        self._states = self._states or _STATES.search(self._text, begun) is not None
        self._code = self._code or self._text.find("```", begun) >= 0
        if self._states:
            self._answer = extract_answer(self._text)
        for one in _equations(text):
            self._calculate(one)
        self._lines.update(line for raw in text.split("\n") if len(line := raw.strip()) >= _LINE)
        tokens = len(step.tokens_T)
        self._tokens += tokens
        here = _UNKNOWN
        if step.logprobs_T and tokens and math.isfinite(total := math.fsum(step.logprobs_T)):
            here = max(_LEAST, total / tokens)
            self._logprob += total
            self._scored += tokens
        return self._row(here)

    def _calculate(self, one: Equation) -> None:
        self._wrong += one.is_right is False
        self._derivations.add(one)
        self._results.append(one.result)

    def _row(self, here: float) -> tuple[float, ...]:
        count = len(self._results)
        value = _value(self._answer)
        derived, astray = self._derived(value)
        lines = self._lines.total()
        return (
            float(self._wrong > 0),
            self._wrong / max(1, count),
            math.log1p(count),
            derived,
            astray,
            float(bool(self._given.terms) and derived == 1.0 and astray == 0.0 and not self._wrong),
            float(self._answer is not None),
            float(value is not None and value in self._results),
            float(value is not None and value in self._given.numbers),
            (lines - len(self._lines)) / max(1, lines),
            float(self._code),
            math.log1p(self._tokens),
            max(_LEAST, self._logprob / self._scored) if self._scored else _UNKNOWN,
            here,
        )

    def _derived(self, answer: Fraction | None) -> tuple[float, float]:
        """Which share of the given it was made of, and which share of what it was made of is not given."""
        if self._answer is None and self._results:
            answer = self._results[-1]
        source = None if answer is None else self._derivations.source(answer)
        if not source:
            return 0.0, 0.0
        if terms := self._given.terms:
            common = (source & terms).total()
            return common / terms.total(), 1 - common / source.total()
        made_of: Counter[Fraction] = Counter()
        for (_, number), times in source.items():
            made_of[number] += times
        numbers = self._given.numbers
        strange = sum(times for number, times in made_of.items() if number not in self._known)
        return (made_of & numbers).total() / max(1, numbers.total()), strange / made_of.total()


def _value(answer: str | None) -> Fraction | None:
    """The last number in it."""
    stated = _ANSWER.findall((answer or "").replace(",", "").replace("{", "").replace("}", ""))
    return Fraction(stated[-1]) if stated else None
