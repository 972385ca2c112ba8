"""A bundle: what it holds, that the router reads it, and that it is written whole or not at all."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from compute_router import difficulty
from compute_router.decide.chooser import Chooser
from compute_router.decide.table import MeasuredRow, load_table
from compute_router.difficulty import ModelFileError, PolicyModel
from compute_router.errors import InputError
from compute_router.factory import Settings, chooser
from compute_router.training import bundle
from compute_router.training.bundle import train
from compute_router.training.evaluation.folds import identities
from compute_router.training.evaluation.seen import problem_key, read_trained
from compute_router.training.sweep.record import read_records
from support.places import ROOT
from support.sweep_files import MODEL, matrices, write

BASE = ROOT / "configs" / "difficulty"
UNSEEING = BASE.with_name("difficulty-base")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two folds and one reading of the shipped predictors, where the figures do not matter."""
    monkeypatch.setattr(bundle, "FOLDS", 2)
    monkeypatch.setattr(bundle, "load", _load)


_load = cache(difficulty.load)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("sweep") / "sweep.jsonl")


@pytest.fixture(scope="module")
def out(sweep: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bundle") / "out"
    train([sweep], path, base=BASE, seed=3)
    return path


def test_it_holds_what_its_manifest_says(out: Path, sweep: Path) -> None:
    trained = read_trained(out)
    assert {entry.name for entry in out.iterdir()} == {"train.json", *trained.files}
    for name, digest in trained.files.items():
        assert hashlib.sha256((out / name).read_bytes()).hexdigest() == digest
    assert trained.inputs[0].sha256 == hashlib.sha256(sweep.read_bytes()).hexdigest()
    assert (trained.inputs[0].rows, trained.seed) == (450, 3)
    assert trained.matrices[0]["policy_model"] == MODEL
    assert "--seed 3" in trained.command
    assert str(out.parent) not in (out / "train.json").read_text()
    assert {"python", "numpy", "compute-router"} <= set(trained.versions)


def test_it_knows_its_problems_and_keeps_none_of_their_texts(out: Path, sweep: Path) -> None:
    [matrix] = matrices(read_records(sweep))
    assert read_trained(out).problems == tuple(sorted(map(problem_key, set(identities(matrix)))))
    assert problem_key("another") not in read_trained(out).problems
    assert "Compute" not in "".join(path.read_text("utf-8", "replace") for path in out.glob("*.json"))


def test_the_router_decides_with_it(out: Path) -> None:
    table, predictor = load_table(out / "table.json"), difficulty.load(out)
    row = table.row(MODEL, 10**9, "prm")
    assert isinstance(row, MeasuredRow)
    assert row.problems == 150
    assert MODEL in predictor.abilities.known
    decisions = Chooser(predictor, table, PolicyModel(MODEL, 10**9), "prm").decide(
        ["Compute 12 + 13.", "Compute " + " + ".join(["77"] * 12) + "."]
    )
    assert all(one.table_row and one.table_row.startswith(row.id) for one in decisions)
    assert decisions[0].difficulty.pass_at_1 > decisions[1].difficulty.pass_at_1
    # A model that the sweep does not have still falls back to something.
    settings = Settings(engine="scripted", table=out / "table.json", predictor=out)
    assert chooser(settings).decide(["Compute 1 + 1."])


def test_the_same_sweep_gives_the_same_table(out: Path, sweep: Path, tmp_path: Path) -> None:
    train([sweep], tmp_path / "again", base=BASE, seed=3)
    first, second = (
        json.loads((path / "table.json").read_text())["rows"] for path in (out, tmp_path / "again")
    )
    for row in (*first, *second):
        row.pop("source")  # names the output
    assert first == second


def test_the_table_is_fitted_on_bins_that_have_not_seen_the_answers(
    sweep: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]] = []
    fit_table = bundle.fit_table

    def spy(matrices, bins, **options):  # type: ignore[no-untyped-def]
        given.extend(bins)
        return fit_table(matrices, bins, **options)

    monkeypatch.setattr(bundle, "fit_table", spy)
    train([sweep], tmp_path / "out", base=BASE)
    [matrix] = matrices(read_records(sweep))
    after = bundle.Blind([matrix], lambda out: difficulty.load(UNSEEING), count=5, seed=0).bins(0, range(5))
    assert np.allclose(given[0], after)
    assert not np.isnan(given[0]).any()


@pytest.mark.usefixtures("quick")
def test_joblib_needs_trust(sweep: Path, tmp_path: Path) -> None:
    train([sweep], tmp_path / "out", base=BASE, form="joblib")
    assert (tmp_path / "out" / "predictor.joblib").exists()
    with pytest.raises(ModelFileError):
        difficulty.load(tmp_path / "out")
    with pytest.raises(ModelFileError):
        train([sweep], tmp_path / "next", base=tmp_path / "out")
    assert not (tmp_path / "next").exists()
    train([sweep], tmp_path / "next", base=tmp_path / "out", trust=True)
    assert difficulty.load(tmp_path / "next")


@pytest.mark.usefixtures("quick")
def test_a_failure_leaves_nothing_and_the_old_bundle_stands(
    out: Path, sweep: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train([sweep], tmp_path / "out", base=BASE)
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}

    def broken(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(bundle.store, "save", broken)
    with pytest.raises(OSError, match="no space"):
        train([sweep], tmp_path / "out", base=BASE, seed=1)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    with pytest.raises(OSError, match="no space"):
        train([sweep], tmp_path / "new", base=BASE)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.usefixtures("quick")
def test_an_old_bundle_is_replaced_and_nothing_else_is(sweep: Path, tmp_path: Path) -> None:
    train([sweep], tmp_path / "out", base=BASE, form="joblib")
    train([sweep], tmp_path / "out", base=BASE)
    assert not (tmp_path / "out" / "predictor.joblib").exists()
    (tmp_path / "out" / "thesis.tex").write_text("years of work")
    with pytest.raises(InputError, match=r"thesis\.tex"):
        train([sweep], tmp_path / "out", base=BASE)
    assert (tmp_path / "out" / "thesis.tex").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file"):
        train([sweep], tmp_path / "file", base=BASE)


@pytest.mark.usefixtures("quick")
def test_a_directory_stands_for_its_sweep_and_several_join(sweep: Path, tmp_path: Path) -> None:
    more = write(tmp_path / "more.jsonl", 30, start=150)
    trained = train([sweep.parent, more], tmp_path / "out", base=BASE)
    assert [one.rows for one in trained.inputs] == [450, 90]
    assert trained.matrices[0]["problems"] == 180


@pytest.mark.usefixtures("quick")
def test_nothing_to_learn_from_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(InputError, match="no graded"):
        train([tmp_path / "empty.jsonl"], tmp_path / "out", base=BASE)
    with pytest.raises(InputError, match="cannot be read"):
        train([tmp_path / "absent.jsonl"], tmp_path / "out", base=BASE)
    assert not (tmp_path / "out").exists()


def test_progress_goes_to_the_end(sweep: Path, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    train([sweep], tmp_path / "out", base=BASE, progress=lambda _, done, total: steps.append((done, total)))
    assert steps == sorted(steps)
    assert steps[0][0] == 0
    assert steps[-1][0] == steps[-1][1] == len(steps) - 1
