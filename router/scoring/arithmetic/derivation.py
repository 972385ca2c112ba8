"""From which numbers of the problem a result was made, over all the calculations between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable
from fractions import Fraction

from compute_router.scoring.arithmetic.equations import Equation
from compute_router.scoring.arithmetic.expression import Operand

__all__ = ["Derivations", "Source"]

Source = Counter[tuple[str, Fraction]]
"""How often each number went in, with the sign with which it counts; "*" where it was more than added."""

_MOST = 200
"""Numbers that a source counts; what is made of more is not followed."""


class Derivations:
    """The results so far, each with its source: the numbers in its calculation that are no results
    themselves, and the sources of those that are. A number that is both a result and `given` is the result
    the first time after it was stated, and the given one from then on."""

    def __init__(self, given: Container[Fraction] = ()) -> None:
        self._given = given
        self._of: dict[Fraction, tuple[Fraction, Source]] = {}
        self._fresh: set[Fraction] = set()

    def add(self, one: Equation) -> None:
        # A product anywhere shows in the value, whatever the signs.
        plain = sum((_signed(operand) for operand in one.operands), Fraction(0)) == one.value
        source: Source = Counter()
        for operand in one.operands:
            sign = operand.sign if plain else "*"
            known = self._of.get(operand.number)
            if known is None or (operand.number in self._given and operand.number not in self._fresh):
                source[sign, operand.number] += 1
                continue
            self._fresh.discard(operand.number)
            result, made_of = known
            if sign != "*" and (sign == "-") != (result < 0):
                made_of = _turned(made_of.items())
            elif sign == "*":
                made_of = _multiplied(made_of.items())
            source.update(made_of)
            if source.total() > _MOST:
                source = Counter()
                break
        self._of[abs(one.result)] = one.result, source
        self._fresh.add(abs(one.result))

    def source(self, result: Fraction) -> Source | None:
        """None where no calculation stated it."""
        known = self._of.get(abs(result))
        if known is None:
            return None
        return known[1] if known[0] == result else _turned(known[1].items())


def _signed(operand: Operand) -> Fraction:
    return -operand.number if operand.sign == "-" else operand.number


def _turned(items: Iterable[tuple[tuple[str, Fraction], int]]) -> Source:
    return Counter({({"+": "-", "-": "+"}.get(sign, sign), number): times for (sign, number), times in items})


def _multiplied(items: Iterable[tuple[tuple[str, Fraction], int]]) -> Source:
    found: Source = Counter()
    for (_, number), times in items:
        found["*", number] += times
    return found
