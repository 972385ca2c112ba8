"""The body of `compute-router import`."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from import_kit import question, sal_row, solution, write_jsonl

from compute_router.cli.import_ import import_
from compute_router.errors import InputError
from compute_router.training.importers.token_counts import counter
from compute_router.training.sweep.record import read_records


def log(folder: Path, shift: int = 0) -> Path:
    rows = [sal_row(i, [solution((i + shift) % 30)]) for i in range(30)]
    return write_jsonl(folder / "m-1b" / "best_of_n_completions.jsonl", rows)


def test_what_is_written_is_a_sweep_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out" / "sweep.jsonl"
    assert import_([log(tmp_path)], out, prm="p-7b", tokenizer="chars/4") == 0
    assert len(list(read_records(out))) == 30
    printed = capsys.readouterr().out
    assert "30 rows read" in printed
    assert "30 x tokens counted here" in printed


def test_json_is_the_report_and_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "sweep.jsonl"
    assert import_([log(tmp_path, shift=3)], out, as_json=True) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["refused"], document["records"], document["out"]) == (1, 0, None)
    assert document["files"][0]["refused"]
    assert not out.exists(), "nothing may be learned from it"
    assert import_([tmp_path / "m-1b"], out, as_json=True, force=True) == 0
    assert json.loads(capsys.readouterr().out)["records"] == 30


def test_columns_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write_jsonl(tmp_path / "a.jsonl", [{"q": question(i), "ok": 1} for i in range(3)])
    out = tmp_path / "sweep.jsonl"
    assert import_([file], out, form="generic", columns="problem=q, correct=ok", policy_model="m") == 0
    assert [row.correct for row in read_records(out)] == [True] * 3
    assert "3 records" in capsys.readouterr().out
    for wrong in ("problem", "problem=q,problem=ok", "=q", "problem="):
        with pytest.raises(InputError, match="field=column"):
            import_([file], out, columns=wrong)


def test_a_named_tokenizer_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(name: str) -> SimpleNamespace:
        if name != "words":
            raise OSError(f"{name} is not a folder\nand more")
        return SimpleNamespace(encode=lambda text, add_special_tokens: text.split())

    fake = SimpleNamespace(AutoTokenizer=SimpleNamespace(from_pretrained=load))
    monkeypatch.setitem(__import__("sys").modules, "transformers", fake)
    assert counter("words").count("one two three") == 3
    assert counter("words").label == "counted with words"
    with pytest.raises(InputError, match="no tokenizer 'other': other is not a folder"):
        counter("other")
    monkeypatch.setitem(__import__("sys").modules, "transformers", None)
    with pytest.raises(InputError, match="chars/4"):
        counter("words")


@pytest.mark.parametrize(
    ("name", "text", "tokens"), [("chars/4", "a" * 40, 10), ("chars / 2.5", "a" * 10, 4)]
)
def test_an_estimate_by_length_says_so(name: str, text: str, tokens: int) -> None:
    found = counter(name)
    assert found.count(text) == tokens
    assert found.label.startswith("estimate")
