"""Compact JSON: what it says, and how it is broken into lines."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from compute_router.io.compact_json import compact_json

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda of: st.lists(of, max_size=30) | st.dictionaries(st.text(), of, max_size=30),
    max_leaves=200,
)


@given(values)
def test_it_says_the_same(value: object) -> None:
    assert json.loads(compact_json(value)) == value


def test_what_is_long_has_one_line_for_each_item() -> None:
    numbers, more = list(range(100)), [[k, 0.5] for k in range(100)]
    assert compact_json(numbers).splitlines() == [json.dumps(numbers, separators=(",", ":"))]
    lines = compact_json({"a": numbers, "b": more, "c": {}}).splitlines()
    assert lines[1] == f'"a":{json.dumps(numbers, separators=(",", ":"))},'
    assert lines[2:5] == ['"b":[', "[0,0.5],", "[1,0.5],"]
    assert lines[-4:] == ["[99,0.5]", "],", '"c":{}', "}"]
