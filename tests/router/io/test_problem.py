"""INPUT: what a person names, and the problems it becomes."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from compute_router.errors import InputError
from compute_router.io.problem_file import read_problems
from compute_router.problem import MAX_PROBLEM_CHARS, Problem


def write(tmp_path: Path, content: str | bytes, name: str = "in.jsonl") -> str:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def rows(*objects: object) -> str:
    return "\n".join(json.dumps(o) for o in objects) + "\n"


def pipe(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


# --- text, path or standard input


@pytest.mark.parametrize(
    "text", ["What is 2 + 2?", "2+2", "1/2+1/3", r"\frac{1}{2}+1", "x" * 5000, "Is a.b so?"]
)
def test_a_text_is_one_problem_with_a_stable_id(text: str) -> None:
    (problem,) = read_problems(text)
    assert (problem.text, problem.gold, problem.error) == (text, None, None)
    assert problem.id.startswith("p-")
    assert read_problems(f" {text}\n") == [problem]


@pytest.mark.parametrize(
    "name", ["none.jsonl", "no such.CSV", "data/none.json", "./none", "/tmp/none/x", "~/x"]
)
def test_a_name_that_can_only_be_a_file_must_be_one(name: str) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_problems(name)


def test_standard_input_holds_rows_or_one_text(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe(monkeypatch, b'\xef\xbb\xbf\n{"id": 7, "question": "Q?"}\n')
    assert read_problems("-") == [Problem("7", "Q?")]
    pipe(monkeypatch, b"How many?\nSay it.\n")
    assert [p.text for p in read_problems("-")] == ["How many?\nSay it."]
    pipe(monkeypatch, b" \n")
    with pytest.raises(InputError, match="empty"):
        read_problems("-")


# --- rows


def test_rows_of_every_known_shape(tmp_path: Path) -> None:
    source = write(
        tmp_path,
        rows(
            {"id": "a", "problem": "P", "answer": 42},
            {"unique_id": "b", "question": "Q", "answer": "so 40 + 2.\n#### 42"},
            {"id": 3, "problem": "R", "solution": r"thus $\boxed{\frac{1}{2}}$."},
            {"id": "d", "problem": "S", "answer": 0.5, "solution": r"\boxed{7}", "level": 5},
            {"id": "e", "problem": "T", "answer": None},
        ),
    )
    assert read_problems(source) == [
        Problem("a", "P", "42"),
        Problem("b", "Q", "42"),
        Problem("3", "R", r"\frac{1}{2}"),
        Problem("d", "S", "0.5"),
        Problem("e", "T"),
    ]
    assert [p.id for p in read_problems(source, limit=2)] == ["a", "b"]


def test_bom_crlf_blank_lines_and_odd_separators_are_fine(tmp_path: Path) -> None:
    lines = '{"id": 1, "problem": "a\u2028b\x85c"}\r\n\r\n  \r\n{"id": 2, "problem": "d"}'
    source = write(tmp_path, b"\xef\xbb\xbf" + lines.encode())
    assert [p.text for p in read_problems(source)] == ["a\u2028b\x85c", "d"]


def test_csv_with_bom_quotes_and_large_cells(tmp_path: Path) -> None:
    long = "x" * 200_000
    content = f'\ufeffid,question,answer\r\n1,"What is 1,000\r\n+ 1?",1001\r\n\r\n,{long},\r\n'
    first, second = read_problems(write(tmp_path, content, "in.csv"))
    assert first == Problem("1", "What is 1,000\r\n+ 1?", "1001")
    assert second.id.startswith("p-")
    assert second.error is not None
    assert second.gold is None


def test_a_json_array_is_rows(tmp_path: Path) -> None:
    source = write(tmp_path, json.dumps([{"id": 1, "problem": "P"}, {"id": 2}], indent=1), "in.json")
    assert read_problems(source, limit=1) == [Problem("1", "P")]
    with pytest.raises(InputError, match=r"item 2: no field 'problem'.*'id'"):
        read_problems(source)


def test_missing_ids_come_from_the_text_and_stay_apart(tmp_path: Path) -> None:
    ids = [
        p.id for p in read_problems(write(tmp_path, rows(*[{"problem": t} for t in "aba"], {"problem": "a"})))
    ]
    assert len(set(ids)) == 4
    assert ids[2:] == [f"{ids[0]}-2", f"{ids[0]}-3"]
    assert read_problems("a")[0].id == ids[0]


# --- one bad row does not end a run


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ('{"id": "x", "problem": "a\\u0000b"}', "NUL"),
        ('{"id": "x", "problem": "a\\ud800b"}', "surrogate"),
        ('{"id": "x", "problem": " "}', "empty"),
        ('{"id": "x", "problem": ["a"]}', "holds a list"),
        ('{"id": "x", "problem": 5}', "holds a number"),
        ('{"id": "x", "problem": "a", "answer": {"b": 1}}', "holds an object"),
        ('{"id": "x", "problem": "a", "answer": true}', "holds true"),
        ('{"id": "x", "problem": "%s"}' % ("y" * 1_000_000), "1,000,000 characters"),
    ],
)
def test_a_row_that_no_model_may_see_carries_its_error(tmp_path: Path, row: str, error: str) -> None:
    bad, good = read_problems(write(tmp_path, row + '\n{"id": "ok", "problem": "fine"}\n'))
    assert bad.error is not None
    assert error in bad.error
    assert good == Problem("ok", "fine")
    assert len(bad.text) <= MAX_PROBLEM_CHARS
    assert "\0" not in bad.text
    json.dumps(bad.text, ensure_ascii=False).encode()


def test_a_pair_of_surrogate_escapes_is_one_character(tmp_path: Path) -> None:
    assert read_problems(write(tmp_path, '{"problem": "\\ud83d\\ude00"}'))[0].text == "😀"


def test_a_gold_or_id_that_cannot_be_stored_is_made_storable(tmp_path: Path) -> None:
    (problem,) = read_problems(write(tmp_path, '{"id": "i\\ud800", "problem": "a", "answer": "\\u0000"}'))
    assert (problem.id, problem.gold, problem.error) == ("i\ufffd", "\ufffd", None)


# --- one sentence for what cannot be trusted


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"\n \r\n", "empty"),
        (
            b'{"id": 1, "prompt": "x"}',
            r"line 1: no field 'problem' or 'question' \(fields there: 'id', 'prompt'\)",
        ),
        (b'{"problem": "x"}\n' * 6 + b'{"problem": \n', "in.jsonl line 7: not valid JSON: .* at column"),
        (b'{"problem": "x", "answer": NaN}', "line 1: not valid JSON: NaN"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"problem": ' + b"[" * 100_000, "line 1: not valid JSON: nested too deep"),
        (b'{"problem": "x", "answer": %s}' % (b"9" * 5000), "line 1: not valid JSON"),
        (b'\n"x"', "line 2: an object .* not a text"),
        (b'{"problem": "x"}\n{"problem": "\xff"}', r"line 2: not UTF-8 \(byte 0xff at offset 30\)"),
        (
            b'{"id": 1, "problem": "x"}\n\n{"id": "1", "problem": "y"}',
            "line 3: the id '1' is already .* line 1",
        ),
        (b'{"id": [1], "problem": "x"}', "the id must be text or a whole number, not a list"),
    ],
)
def test_an_untrustworthy_file_is_one_clear_error(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_problems(write(tmp_path, content))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id,problem\n", "empty"),
        ("id,text\n1,x\n", "line 2: no field 'problem'.*'id', 'text'"),
        ("id,problem\n1,fine\n2,What is 1,000?\n", "line 3: more cells"),
        ('id,problem\n1,"open', "not valid CSV"),
    ],
)
def test_an_untrustworthy_csv_is_one_clear_error(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_problems(write(tmp_path, content, "in.csv"))


def test_a_directory_an_unreadable_file_and_a_bad_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="is a directory"):
        read_problems(str(tmp_path))
    source = write(tmp_path, rows({"problem": "x"}))
    with pytest.raises(InputError, match="at least 1"):
        read_problems(source, limit=0)

    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(InputError, match="cannot be read: Permission denied"):
        read_problems(source)
