"""`compute-router convert-prm`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compute_router.cli import main
from support.prm_folders import make


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        main(["convert-prm", *arguments])
    out, err = capsys.readouterr()
    assert isinstance(end.value.code, int)
    return end.value.code, out, err


def test_it_says_how_to_serve_what_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make(tmp_path / "a", "value")
    code, out, _ = run(capsys, str(tmp_path / "a"), "--out", str(tmp_path / "b"))
    assert code == 0
    assert "--is-embedding" in out
    assert "--prm Skywork/Skywork-o1-Open-PRM-Qwen-2.5-1.5B" in out
    assert (tmp_path / "b/config.json").exists()


def test_json_is_all_that_it_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make(tmp_path / "a", "mlp")
    code, out, _ = run(capsys, str(tmp_path / "a"), "--out", str(tmp_path / "b"), "--json")
    assert code == 0
    assert json.loads(out)["architecture"] == "Qwen2ForRewardModel"


def test_bad_input_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, str(tmp_path / "nowhere"), "--out", str(tmp_path / "b"))
    assert (code, out) == (2, "")
    assert err.startswith("compute-router: error: ")
    assert err.count("\n") == 1
