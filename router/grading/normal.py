"""The cheap half of grading: what can be decided about an answer without a computer algebra system."""

from __future__ import annotations

import re
from fractions import Fraction

__all__ = ["MAX_ANSWER_BYTES", "are_different_words", "normalize", "number", "too_long"]

MAX_ANSWER_BYTES = 1024

_DELIMITERS = (("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]"), ("**", "**"))
_TEXT = re.compile(r"\\(?:text|textbf|textit|textrm|mathrm|mbox)\{([^{}]*)\}")
_SPACING = re.compile(r"\\[!,;:]|\{,\}(?=\d)|~")
_UNICODE = str.maketrans({"−": "-", "π": r"\pi ", "∞": r"\infty ", "×": r"\times ", "·": r"\cdot "})
_PI = re.compile(r"(?<![A-Za-z\\])pi(?![A-Za-z])")
# "18 dollars" is 18, but 5 million is not 5. Units of one or two letters are math-verify's.
_NO_UNIT = r"(?!(?:and|or|plus|minus|times|over|sqrt|sin|cos|tan|log|mod|hundred|thousand|dozen|\w*illion)\b)"
_COUNTED = re.compile(rf"([^A-Za-z\\{{}}^_]*\d)\s+{_NO_UNIT}[A-Za-z][a-z]{{2,}}(?: [a-z]+)*")

_DECIMAL = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?")
_RATIO = re.compile(r"([+-]?)(?:(\d+) ?)??(?:(\d+) ?/ ?(\d+)|\\[dt]?frac\{(\d+)\}\{(\d+)\})")
_WORDS = re.compile(r"(?=.*[A-Za-z]{3})[A-Za-z][A-Za-z'’. -]*")


def normalize(answer: str) -> str:
    """`answer` without the dress that never changes its value: `$...$`, `\\boxed{}`, a final dot, "#### ".

    A text that is still longer than `MAX_ANSWER_BYTES` comes back as it was given.
    """
    text = answer.rpartition("####")[2].strip()
    if too_long(text):
        return answer
    simpler = _simplify(text)
    while simpler != text:
        text, simpler = simpler, _simplify(simpler)
    return text


def _simplify(text: str) -> str:
    """One pass over `text`; what one step uncovers, the next pass takes."""
    text = _undress(text.rpartition("####")[2])
    text = " ".join(_SPACING.sub("", text.translate(_UNICODE)).split())
    text = _PI.sub(r"\\pi", text)
    counted = _COUNTED.fullmatch(text)
    return counted[1] if counted else text


def _undress(text: str) -> str:
    """One layer of dress off `text`; `text` itself where there is none."""
    text = text.strip().removesuffix(".").rstrip()
    for left, right in _DELIMITERS:
        inner = text[len(left) : -len(right)]
        dressed = text.startswith(left) and text.endswith(right) and len(text) > len(left + right)
        if dressed and left not in inner.replace(r"\$", ""):
            return inner
    for macro in (r"\boxed{", r"\fbox{"):
        if text.startswith(macro) and _closes_at_end(text, len(macro)):
            return text[len(macro) : -1]
    if written := _TEXT.fullmatch(text):
        return written[1]
    amount = text.removeprefix(r"\$").removeprefix("$")
    return text if "$" in amount else amount


def _closes_at_end(text: str, start: int) -> bool:
    """Whether the brace opened just before `start` is closed by the last character and not before."""
    depth = 1
    for position, char in enumerate(text[start:], start):
        if text[position - 1] != "\\":
            depth += (char == "{") - (char == "}")
        if depth == 0:
            return position == len(text) - 1
    return False


def number(text: str) -> Fraction | None:
    """The exact value of a normalised answer that is an integer, decimal, ratio or mixed number."""
    if _DECIMAL.fullmatch(text):
        return Fraction(text.replace(",", ""))
    ratio = _RATIO.fullmatch(text)
    if ratio is None:
        return None
    sign, whole, *halves = ratio.groups()
    top, bottom = (int(half) for half in halves if half is not None)
    if bottom == 0:
        return None
    value = int(whole or 0) + Fraction(top, bottom)
    return -value if sign == "-" else value


def are_different_words(a: str, b: str) -> bool | None:
    """Whether two word answers differ, letter case apart; None where one of them is no word.

    Words must not reach an algebra system, to which "listen" is a product equal to "silent".
    """
    if _WORDS.fullmatch(a) and _WORDS.fullmatch(b):
        return a.casefold() != b.casefold()
    return None


def too_long(text: str) -> bool:
    """Whether `text` exceeds what is worth comparing as mathematics."""
    return len(text) > MAX_ANSWER_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_ANSWER_BYTES
