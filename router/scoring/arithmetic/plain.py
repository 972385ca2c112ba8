"""Mathematics as models write it (LaTeX, currency, Markdown) as plain text that a calculator could read."""

from __future__ import annotations

import re

__all__ = ["lines", "plain"]

_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_MIXED = re.compile(r"(?<!\d)(\d++)\s*+\\[dt]?frac\s*\{(\d+)\}\s*\{(\d+)\}")
"""1\\frac{9}{10}: a sum, not a product."""
_NESTED = 3
"""Fractions within fractions are read to this depth."""

_READ_AS = [
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\\(?:text|mathrm|mbox|textbf|textit)\s*\{([^{}]*)\}", r" \1 "),
        (r"\\boxed\s*\{([^{}]*)\}", r" \1 "),
        (r"(?<=\d)(?:\\?,|\{,\})(?=\d{3}(?!\d))", ""),  # 1,000
        (r"\\times|\\cdot|\\ast|[×·∗⋅]", "*"),
        (r"\\div|÷", "/"),
        (r"\\approx|≈|≃", "="),
        (r"\\(?:left|right)\b|\\[,;! ]|~", " "),
        (r"[−–]", "-"),
        (r"\\%", "%"),
        (r"(?<=\d)\s*[xX]\s*(?=\d)", "*"),
        (r"\\[()\[\]]|\\\\|\\quad|\\implies|\\Rightarrow|=>|[→⇒&]", " ; "),
        (r"\\?[$£€]|\*\*|`", " "),
        (r"\\([a-zA-Z]+)", r" \1 "),
    )
]
_MARK = re.compile(r"^\s*(?:[-*•+]\s+|#+\s*|\(?\d{1,2}[.)]\s+|\*\*)+")


def plain(text: str) -> str:
    """`text` with its notation resolved: fractions as quotients in brackets, signs as + - * / = %."""
    text = _MIXED.sub(r"(\1+\2/\3)", text)
    for _ in range(_NESTED):
        text, found = _FRACTION.subn(r"((\1)/(\2))", text)
        if not found:
            break
    for pattern, replacement in _READ_AS:
        text = pattern.sub(replacement, text)
    return text


def lines(text: str) -> list[str]:
    """The lines of `text`, plain, without the marks of lists: "- 6 - 8 = -2" subtracts 8 from 6."""
    return [plain(_MARK.sub("", line)) for line in text.split("\n")]
