"""The numbers that a problem gives, in digits and in words."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

from compute_router.scoring.arithmetic.plain import plain

__all__ = ["Domain", "Given", "domain", "given"]

_MOST = 8_000
"""Characters of a problem that are read."""
_VALUE = r"\d{1,40}(?:\.\d{1,40})?"
_NUMBER = re.compile(rf"(?<![\w.]){_VALUE}(?=%|\b)")
_SUM = re.compile(rf"(?<![\w.)^])-?{_VALUE}(?:\s{{0,9}}[-+]\s{{0,9}}{_VALUE})++(?![\w(*/^])")
_TERM = re.compile(rf"([-+]?)\s*({_VALUE})")
_WORD = re.compile(r"[a-z]+")
_WORDS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12,
    "once": 1, "twice": 2, "double": 2, "half": 2, "thrice": 3, "triple": 3, "third": 3, "thirds": 3,
    "quarter": 4, "quarters": 4, "fourth": 4, "fifth": 5, "sixth": 6, "tenth": 10, "dozen": 12,
    "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "hundred": 100, "thousand": 1000,
}  # fmt: skip


Domain: TypeAlias = Literal["exact", "open"]
"""exact: the problem is a bare sum, and a derivation of its answer can be checked from end to end. open: any
other; what is to be computed is not known, only calculations and where numbers come from are seen."""


@dataclass(frozen=True, slots=True)
class Given:
    """`numbers`: how often each is written in digits; `words`: those in words; `terms`: how often each number
    stands with which sign in the bare sum that the problem is, empty where it is none."""

    numbers: Counter[Fraction]
    words: frozenset[Fraction]
    terms: Counter[tuple[str, Fraction]]


def given(problem: str) -> Given:
    """Of the first 8,000 characters. Never raises."""
    text = plain(problem[:_MOST])
    return Given(
        Counter(Fraction(number) for number in _NUMBER.findall(text)),
        frozenset(Fraction(_WORDS[word]) for word in _WORD.findall(text.lower()) if word in _WORDS),
        Counter((sign or "+", Fraction(number)) for sign, number in _bare_sum(text)),
    )


def domain(problem: str) -> Domain:
    """Of the first 8,000 characters. Never raises."""
    return "exact" if _bare_sum(plain(problem[:_MOST])) else "open"


def _bare_sum(text: str) -> list[tuple[str, str]]:
    """Sign and number of every term of the sum that has all numbers of the text; none where it is none."""
    found = _SUM.search(text)
    terms: list[tuple[str, str]] = _TERM.findall(found.group()) if found else []
    return terms if len(terms) == len(_NUMBER.findall(text)) else []
