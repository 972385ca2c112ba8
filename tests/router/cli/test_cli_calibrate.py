"""`compute-router calibrate`: graded answers in, a predictor that knows the model out."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from router_kit import Cli

from compute_router import difficulty
from compute_router.cli.calibrate import calibrate
from compute_router.difficulty import ModelFileError, PolicyModel, store
from compute_router.difficulty.manifest import read
from compute_router.errors import InputError
from compute_router.io.data_files import data_path
from compute_router.training.difficulty.graded import read_graded
from compute_router.training.sweep.record import Record, RecordedPath, write_records

NAME, SIZE = "Unheard-Of-3B-Instruct", 3_000_000_000
MODEL = PolicyModel(NAME, SIZE)
SHIPPED = data_path("difficulty/manifest.json").parent
PROBLEMS = [f"Compute {10 + i} + {20 + i} * {i + 2}." for i in range(40)]

Run = Callable[..., int]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def go(source: Path, **given: Any) -> int:
        options: dict[str, Any] = {
            "params": None,
            "predictor": None,
            "out": tmp_path / "out",
            "form": "skops",
            "trust": False,
            "as_json": False,
        }
        return calibrate(source, given.pop("name", NAME), **(options | given))

    return go


def jsonl(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def counted(folder: Path, right: int) -> Path:
    return jsonl(folder / "mine.jsonl", [{"problem": p, "n": 4, "n_correct": right} for p in PROBLEMS])


def pass_at_1(directory: Path, **given: Any) -> float:
    predictions = difficulty.load(directory, **given).predict(PROBLEMS, MODEL)
    return sum(p.distribution.pass_at_1 for p in predictions) / len(predictions)


def test_right_and_wrong_answers_move_the_prediction(tmp_path: Path, run: Run) -> None:
    before = pass_at_1(SHIPPED)
    assert run(counted(tmp_path, 4), out=tmp_path / "able") == 0
    assert run(counted(tmp_path, 0), out=tmp_path / "unable") == 0
    able, unable = pass_at_1(tmp_path / "able"), pass_at_1(tmp_path / "unable")
    assert unable < 0.15 < before < able
    assert able > 0.9
    ability = difficulty.load(tmp_path / "able").abilities.of(MODEL)
    assert ability.source == "graded"
    assert ability.sd < difficulty.load(SHIPPED).abilities.of(MODEL).sd


def test_other_models_stay_as_they_were(tmp_path: Path, run: Run) -> None:
    run(counted(tmp_path, 0))
    after, before = difficulty.load(tmp_path / "out"), difficulty.load(SHIPPED)
    other = PolicyModel("Qwen2.5-7B-Instruct", 7_620_000_000)
    assert after.predict(PROBLEMS, other) == before.predict(PROBLEMS, other)
    assert after.text == before.text


def test_the_manifest_goes_on_from_that_of_its_base(tmp_path: Path, run: Run) -> None:
    run(counted(tmp_path, 2))
    old, new = read(SHIPPED).provenance, read(tmp_path / "out").provenance
    assert new.command.startswith(old.command)
    assert NAME in new.command
    assert new.data[:-1] == old.data
    assert (new.data[-1].name, new.data[-1].rows) == ("mine.jsonl", 40)


def test_answers_add_up_when_a_calibrated_predictor_is_calibrated_again(tmp_path: Path, run: Run) -> None:
    run(counted(tmp_path, 2), out=tmp_path / "once")
    run(counted(tmp_path, 2), predictor=tmp_path / "once", out=tmp_path / "twice")
    assert len(read(tmp_path / "twice").provenance.data) == len(read(SHIPPED).provenance.data) + 2


def test_json_says_what_was_learned(tmp_path: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"problem": p, "n": 4, "n_correct": 4 * (i % 4 == 0)} for i, p in enumerate(PROBLEMS)]
    run(jsonl(tmp_path / "quarter.jsonl", rows), as_json=True)
    report = json.loads(capsys.readouterr().out)
    assert (report["problems"], report["answers"], report["accuracy"]) == (40, 160, 0.25)
    assert report["predicted"] == pytest.approx(0.25, abs=0.1)
    assert report["params"] == SIZE
    assert report["after"]["sd"] < report["before"]["sd"]


def test_every_way_to_write_the_same_answers_gives_the_same_ability(tmp_path: Path, run: Run) -> None:
    rows = [{"question": p, "correct": i % 2 == 0} for i, p in enumerate(PROBLEMS)]
    table = tmp_path / "mine.csv"
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["question", "correct", "note"])
        writer.writeheader()
        writer.writerows({**row, "note": "x, y"} for row in rows)
    counts = [{"problem": p, "n": 1, "n_correct": int(i % 2 == 0)} for i, p in enumerate(PROBLEMS)]
    sources = {
        "bools": jsonl(tmp_path / "bools.jsonl", rows),
        "cells": table,
        "counts": jsonl(tmp_path / "counts.jsonl", counts),
        "others too": jsonl(
            tmp_path / "others.jsonl",
            [
                *({"policy_model": f"org/{NAME.lower()}", **row} for row in counts),
                *({"policy_model": "another", **row, "n_correct": 0} for row in counts),
            ],
        ),
        "sweep": _records(tmp_path / "sweep.jsonl"),
    }
    found = {}
    for name, source in sources.items():
        run(source, out=tmp_path / name)
        found[name] = difficulty.load(tmp_path / name).abilities.of(MODEL)
    assert len(set(found.values())) == 1, found


def _records(path: Path) -> Path:
    """Greedy rows, and rows that say nothing of pass@1 or of this model."""
    rows = []
    for i, problem in enumerate(PROBLEMS):
        given = {"problem_id": str(i), "problem": problem, "correct": i % 2 == 0}
        rows += [
            Record(policy_model=NAME, arm="greedy", **given),
            Record(policy_model=NAME, arm="beam:n=16,m=4", **{**given, "correct": True}),
            Record(policy_model="another", arm="greedy", **{**given, "correct": True}),
            Record(policy_model=NAME, arm="greedy", **{**given, "problem": None, "correct": True}),
        ]
    write_records(path, rows)
    return path


def test_of_a_sweep_every_plain_sample_counts_once(tmp_path: Path) -> None:
    paths = tuple(RecordedPath(answer=str(i), group=i, correct=i < 3) for i in range(4))
    arms = ("best_of_n:n=4,select=weighted,aggregate=last", "majority:n=4")
    rows = [
        Record(problem_id="a", policy_model=NAME, arm=arm, correct=True, problem="1 + 1", paths=paths)
        for arm in arms
    ]
    write_records(tmp_path / "sweep.jsonl", rows)
    [one] = read_graded(tmp_path / "sweep.jsonl", NAME)
    assert (one.n, one.n_correct) == (4, 3)


def test_a_run_directory_is_graded_path_by_path(tmp_path: Path, cli: Cli, run: Run) -> None:
    rows = [{"problem": f"Compute {i} + 1.", "answer": str(i + 1)} for i in range(6)]
    given = str(jsonl(tmp_path / "in.jsonl", rows))
    solved = cli(
        "solve", given, "--engine", "scripted", "--strategy", "majority:n=4", "--out", str(tmp_path / "run")
    )
    assert solved.code == 0
    name = json.loads((tmp_path / "run" / "config.json").read_text())["policy_model"]["name"]
    found = read_graded(tmp_path / "run", name)
    assert [one.problem for one in found] == [row["problem"] for row in rows]
    assert {one.n for one in found} == {4}
    assert run(tmp_path / "run", name=name, params=SIZE) == 0
    with pytest.raises(InputError, match=f"is a run of .*, not of {NAME}"):
        read_graded(tmp_path / "run", NAME)


def test_a_search_is_no_plain_sample(tmp_path: Path, cli: Cli) -> None:
    given = str(jsonl(tmp_path / "in.jsonl", [{"problem": "Compute 1 + 1.", "answer": "2"}]))
    cli("solve", given, "--engine", "scripted", "--strategy", "beam:n=4,m=2", "--out", str(tmp_path / "run"))
    name = json.loads((tmp_path / "run" / "config.json").read_text())["policy_model"]["name"]
    with pytest.raises(InputError, match="holds no plain samples"):
        read_graded(tmp_path / "run", name)


ROW = {"problem": "1 + 1", "n": 2, "n_correct": 1}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no graded answers"),
        ("{", "line 1: not valid JSON"),
        ("[]", "line 1: an object is needed"),
        (json.dumps(ROW) + "\n" + json.dumps(ROW | {"n_correct": 3}), "line 2: .*n_correct exceeds n"),
        (json.dumps(ROW | {"n": 0, "n_correct": 0}), "line 1: n: "),
        (json.dumps({"problem": "1 + 1"}), "n and n_correct, or correct, are needed"),
        (json.dumps({"problem": "1 + 1", "n": 3}), "n and n_correct belong together"),
        (json.dumps({"n": 1, "n_correct": 1}), "line 1: problem: "),
        (json.dumps(ROW | {"policy_model": "another"}), "holds no graded answers of"),
        ("\xff", "not UTF-8"),
    ],
)
def test_bad_input_is_named_in_one_sentence(tmp_path: Path, run: Run, text: str, said: str) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=said):
        run(path)
    assert not (tmp_path / "out").exists()


def test_what_is_missing_is_named(tmp_path: Path, run: Run) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file"):
        run(tmp_path / "nothing.jsonl")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match=r"config\.json cannot be read"):
        run(tmp_path / "folder")
    with pytest.raises(InputError, match="states no size: give --params"):
        run(counted(tmp_path, 1), name="nameless")
    with pytest.raises(InputError, match="needs a name"):
        run(counted(tmp_path, 1), name=" ")
    (tmp_path / "taken").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        run(counted(tmp_path, 1), out=tmp_path / "taken")


def test_joblib_is_written_on_request_and_read_on_trust(tmp_path: Path, run: Run) -> None:
    source = counted(tmp_path, 4)
    assert run(source, out=tmp_path / "one", form="joblib") == 0
    assert (tmp_path / "one" / "predictor.joblib").is_file()
    with pytest.raises(ModelFileError, match="can run any code"):
        run(source, predictor=tmp_path / "one", out=tmp_path / "two")
    assert run(source, predictor=tmp_path / "one", out=tmp_path / "two", trust=True) == 0
    assert store.load(tmp_path / "two").text == store.load(tmp_path / "one", trust=True).text


def test_a_damaged_base_is_refused(tmp_path: Path, run: Run) -> None:
    shutil.copytree(SHIPPED, tmp_path / "base")
    (tmp_path / "base" / "predictor.skops").write_bytes(b"PK")
    with pytest.raises(ModelFileError, match="is not the file that its manifest names"):
        run(counted(tmp_path, 1), predictor=tmp_path / "base")
