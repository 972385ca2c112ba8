"""Sums, products and quotients of numbers, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

__all__ = ["Operand", "Value", "evaluate"]

_DIGITS = 40
"""Of a number; what is longer is no calculation that a step of a solution makes."""
_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Operand:
    """A number, and the operator before it or the sign with which it counts, brackets resolved: 2 in
    "5 - (3 + 2)" has a "-"."""

    sign: str
    number: Fraction


@dataclass(frozen=True, slots=True)
class Value:
    """What an expression comes to, the numbers in it, and how many tokens it took."""

    number: Fraction
    operands: tuple[Operand, ...]
    tokens: int


def evaluate(tokens: Sequence[str]) -> Value | None:
    """The longest expression at the beginning of `tokens` (numbers and + - * / ( ) %); None where there is
    none, or it divides by zero."""
    reader = _Reader(tokens)
    try:
        number = reader.sum(0)
    except (ValueError, ZeroDivisionError):
        return None
    return Value(number, tuple(reader.operands), reader.at)


class _Reader:
    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = tokens
        self.at = 0
        self.operands: list[Operand] = []
        self._turned = False

    def sum(self, depth: int) -> Fraction:
        total = self._product("+", depth)
        while (sign := self._next()) in ("+", "-"):
            self.at += 1
            term = self._product(sign, depth)
            total = total + term if sign == "+" else total - term
        return total

    def _product(self, sign: str, depth: int) -> Fraction:
        product = self._factor(sign, depth)
        while (operator := self._next()) in ("*", "/", "("):
            if operator == "(":  # 5(3)
                operator = "*"
            else:
                self.at += 1
            factor = self._factor(operator, depth)
            product = product * factor if operator == "*" else product / factor
        return product

    def _factor(self, sign: str, depth: int) -> Fraction:
        ahead = self._next()
        if depth > _DEPTH:
            raise ValueError("too deep")
        if ahead in ("+", "-"):
            self.at += 1
            if sign in ("+", "-"):
                sign = "+" if sign == ahead else "-"
            factor = self._factor(sign, depth + 1)
            return -factor if ahead == "-" else factor
        self.at += 1
        if ahead == "(":
            before, self._turned = self._turned, self._turned ^ (sign == "-")
            factor = self.sum(depth + 1)
            self._turned = before
            if self._next() != ")":
                raise ValueError("an open bracket")
            self.at += 1
        elif ahead[:1].isdecimal() and len(ahead) <= _DIGITS:
            factor = Fraction(ahead)
            if self._turned and sign in ("+", "-"):
                sign = "-" if sign == "+" else "+"
            self.operands.append(Operand(sign, factor))
        else:
            raise ValueError("no number")
        if self._next() == "%":
            self.at += 1
            factor /= 100
        return factor

    def _next(self) -> str:
        return self._tokens[self.at] if self.at < len(self._tokens) else ""
