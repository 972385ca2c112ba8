"""probe.json: read back as written, refused when it is not one, and used by the predictor beside it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from compute_router.difficulty import ModelFileError, load
from compute_router.difficulty.manifest import Provenance
from compute_router.difficulty.probe import EWENS, Probe
from compute_router.difficulty.probe_file import PROBE, read, write
from compute_router.difficulty.store import save
from compute_router.io.data_files import data_path

FITTED = Probe(8.0, 2.0, -1.0, 1.5, 0.8, -0.2, (("a PRM", -2.0, 0.5),))
ORIGIN = Provenance(command="by hand", seed=3, data=[])


def test_what_was_written_is_read(tmp_path: Path) -> None:
    assert read(tmp_path) is None
    write(tmp_path, FITTED, 12, ORIGIN)
    found = read(tmp_path)
    assert found is not None
    assert (found.fitted, found.problems, found.provenance) == (FITTED, 12, ORIGIN)
    assert [one.name for one in tmp_path.iterdir()] == [PROBE]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("scatter", -1.0),
        ("scatter", None),
        ("value_weight", -0.5),
        ("extra", 1.0),
        ("curves", [["x", 1.0, -1.0]]),
    ],
)
def test_a_broken_file_is_one_clear_error(tmp_path: Path, field: str, value: object) -> None:
    path = write(tmp_path, FITTED, 12, ORIGIN)
    content = json.loads(path.read_text())
    content["probe"][field] = value
    path.write_text(json.dumps(content))
    with pytest.raises(ModelFileError, match=rf"{PROBE} is no fitted probe"):
        read(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b"null", b'{"probe": {"scatter": NaN}}'])
def test_no_json_either(tmp_path: Path, content: bytes) -> None:
    (tmp_path / PROBE).write_bytes(content)
    with pytest.raises(ModelFileError):
        read(tmp_path)


def test_the_predictor_has_the_probe_that_lies_beside_it(tmp_path: Path) -> None:
    shipped = data_path("difficulty/manifest.json").parent
    for name in ("manifest.json", "predictor.skops"):
        shutil.copy(shipped / name, tmp_path / name)
    assert load(tmp_path).probe == EWENS
    write(tmp_path, FITTED, 12, ORIGIN)
    assert load(tmp_path).probe == FITTED
    (tmp_path / PROBE).write_text("{}")
    with pytest.raises(ModelFileError, match=PROBE):
        load(tmp_path)


def test_a_saved_predictor_takes_its_probe_along(tmp_path: Path) -> None:
    shipped = load(data_path("difficulty/manifest.json").parent)
    save(replace(shipped, probe=FITTED), tmp_path, ORIGIN)
    assert load(tmp_path).probe == FITTED
    found = read(tmp_path)
    assert found is not None
    assert found.problems is None
