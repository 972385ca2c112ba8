"""Model text on a terminal: readable, on one line, and harmless."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from compute_router.io.display import plain, plain_markup

NASTY = st.text(st.sampled_from("ab [/]\\\x1b[31m\x9b\x9d\x07\n\t\u202e\u200b\ud800界é")) | st.text()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x9b1;31mred", "red"),
        ("\x1b]0;title\x07x", "x"),
        ("\x1b]8;;http://e.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]0;never ended", "0;never ended"),
        ("\x1b\x1b[31m[31mx", "[31mx"),
        ("a\x1bcb", "ab"),
        ("one\r\ntwo\t three\u2028four", "one two three four"),
        ("abc\b\b\b\x7fxyz", "abcxyz"),
        ("gpj.\u202etxt\u2066", "gpj.txt"),
        ("half\ud800", "half\ufffd"),
        (r"\frac{1}{2}", r"\frac{1}{2}"),
        ("[red]", "[red]"),
        ("", ""),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_a_long_text_is_cut_at_cells_and_not_characters() -> None:
    assert plain("abcdef", 6) == "abcdef"
    assert plain("abcdefg", 6) == "abcde…"
    assert plain("ab cdefg", 4) == "ab…"
    assert plain("界界界", 4) == "界…"
    assert plain("abc", 1) == "…"
    assert plain("abc", 0) == ""


@given(NASTY, st.none() | st.integers(0, 30))
def test_nothing_harmful_is_left(text: str, width: int | None) -> None:
    shown = plain(text, width)
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert width is None or cell_len(shown) <= width
    assert width is not None or plain(shown) == shown


@given(NASTY)
def test_markup_is_shown_and_not_obeyed(text: str) -> None:
    assert Text.from_markup(f"[b]{plain_markup(text)}[/b]", emoji=False).plain == plain(text)


def test_markup_of_a_model_is_escaped() -> None:
    assert Text.from_markup(plain_markup("[red]x[/red]")).spans == []
