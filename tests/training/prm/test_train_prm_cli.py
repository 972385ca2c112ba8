"""`compute-router train-prm`, from run directories to a PRM that scores."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path as File

import pytest
from prm_rollouts import MODEL, rows, write_run

from compute_router.cli import main
from compute_router.policies import Path, Step
from compute_router.scoring import EmbeddedPrm


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        main(["train-prm", *arguments])
    out, err = capsys.readouterr()
    assert isinstance(end.value.code, int)
    return end.value.code, out, err


def test_what_it_writes_scores(tmp_path: File, capsys: pytest.CaptureFixture[str]) -> None:
    source = write_run(tmp_path / "rollouts", rows(40, 1))
    code, out, _ = run(capsys, str(source), "--out", str(tmp_path / "prm"), "--report")
    assert code == 0
    assert f"40 problems, 320 samples of {MODEL}" in out
    assert "AUROC within problems" in out
    manifest = json.loads((tmp_path / "prm/manifest.json").read_text())
    assert manifest["provenance"]["command"] == "compute-router train-prm rollouts --out prm --seed 0"
    assert manifest["provenance"]["data"][0]["name"] == "rollouts/results.jsonl"
    assert str(tmp_path) not in json.dumps(manifest)
    assert json.loads((tmp_path / "prm/report.json").read_text())["kinds"][0]["problems"] == 40

    def solution(product: int) -> Path:
        return Path((0,), (Step(f"They hold 12 * 10 = {product}.\n\n"), Step(f"So \\boxed{{{product}}}.")))

    async def score() -> list[float]:
        async with EmbeddedPrm(tmp_path / "prm") as prm:
            scored = await prm.score([("12 boxes of 10 eggs?", solution(product)) for product in (120, 130)])
            return [one.scores_S[-1] for one in scored]

    good, bad = asyncio.run(score())
    assert good > 0.5 > bad


def test_the_same_runs_make_the_same_file(tmp_path: File, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [str(write_run(tmp_path / name, rows(20, seed))) for name, seed in (("a", 1), ("b", 2))]
    run(capsys, *runs, "--out", str(tmp_path / "one"))
    run(capsys, *runs[::-1], "--out", str(tmp_path / "two"))
    assert (tmp_path / "one/prm.json").read_bytes() == (tmp_path / "two/prm.json").read_bytes()


def test_bad_data_is_one_sentence(tmp_path: File, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, str(tmp_path), "--out", str(tmp_path / "prm"))
    assert (code, out) == (2, "")
    assert err.startswith("compute-router: error: ")
    assert err.count("\n") == 1
    assert not (tmp_path / "prm").exists()
