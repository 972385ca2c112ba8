"""Text that a model wrote, made safe to show a person in a terminal."""

from __future__ import annotations

import re
import unicodedata
from itertools import accumulate

from rich.cells import cell_len

__all__ = ["plain", "plain_markup"]

# ECMA-48: control sequences, terminated control strings (a title, a hyperlink), two-character escapes.
_ESCAPE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x00-\x1f\x80-\x9f]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"
)
# What rich takes for a tag, or a bracket alone. It halves the backslashes before a tag and drops one
# before a bracket; its own escape() knows the tags only, and so would eat the backslash of LaTeX's "\\[".
_BRACKET = re.compile(r"(\\*)(\[(?:[a-z#/@][^[]*?\])?)")
_ELLIPSIS = "…"


def plain(text: str, width: int | None = None) -> str:
    """`text` on one line, without escape sequences, control, format and bidirectional characters.

    White space of any kind becomes single spaces and a lone surrogate becomes U+FFFD. With `width`,
    in terminal cells, what does not fit is cut and marked with an ellipsis.
    """
    visible = "".join(map(_visible, _ESCAPE.sub("", text)))
    line = " ".join(visible.split())
    if width is None or cell_len(line) <= width:
        return line
    ends = accumulate(map(cell_len, line), initial=0)
    kept = sum(end <= width - cell_len(_ELLIPSIS) for end in ends) - 1
    return line[: max(kept, 0)].rstrip() + _ELLIPSIS if width > 0 else ""


def plain_markup(text: str, width: int | None = None) -> str:
    """`plain(text, width)`, escaped so that rich prints "[red]" instead of obeying it.

    For a text that more markup follows; rich must be told `emoji=False`. Where the text stands alone,
    `rich.text.Text(plain(text))` needs no escaping at all.
    """
    line = _BRACKET.sub(_escaped, plain(text, width))
    slashes = len(line) - len(line.rstrip("\\"))
    return line + "\\" * slashes


def _escaped(found: re.Match[str]) -> str:
    slashes, bracket = found.groups()
    return (slashes if bracket == "[" else slashes * 2) + "\\" + bracket


def _visible(char: str) -> str:
    if char.isspace():
        return " "
    category = unicodedata.category(char)
    if category == "Cs":
        return "\ufffd"
    return "" if category in ("Cc", "Cf") else char
