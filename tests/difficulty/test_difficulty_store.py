from __future__ import annotations

import io
import json
import pickle
import shutil
import warnings
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import skops.io
from sklearn.linear_model import Ridge

from compute_router import difficulty
from compute_router.difficulty import ModelFileError, Predictor
from compute_router.difficulty.codec import to_state
from compute_router.difficulty.manifest import MANIFEST, Provenance, sha256
from compute_router.difficulty.store import load, save


@pytest.fixture
def saved(small: Predictor, provenance: Provenance, tmp_path: Path) -> Path:
    save(small, tmp_path, provenance)
    return tmp_path


def _forge(directory: Path, data: bytes, **changes: Any) -> None:
    """Put `data` behind a manifest that vouches for it, as whoever crafts a file can."""
    path = directory / MANIFEST
    fields = json.loads(path.read_text()) | {"sha256": sha256(data), "bytes": len(data)} | changes
    path.write_text(json.dumps(fields))
    (directory / fields["file"]).write_bytes(data)


def test_round_trip(small: Predictor, saved: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert difficulty.load(saved) == small
    assert sorted(p.name for p in saved.iterdir()) == [MANIFEST, "predictor.skops"]


def test_the_shipped_file_survives_a_round_trip(
    shipped: Predictor, provenance: Provenance, tmp_path: Path
) -> None:
    assert save(shipped, tmp_path, provenance).bytes < 4_000_000
    assert load(tmp_path) == shipped


def test_joblib_only_on_trust(small: Predictor, provenance: Provenance, tmp_path: Path) -> None:
    save(small, tmp_path, provenance, form="joblib")
    with pytest.raises(ModelFileError, match="trust=True"):
        difficulty.load(tmp_path)
    assert difficulty.load(tmp_path, trust=True) == small


def _missing_directory(directory: Path) -> None:
    shutil.rmtree(directory)


def _missing_file(directory: Path) -> None:
    (directory / "predictor.skops").unlink()


def _truncated(directory: Path) -> None:
    path = directory / "predictor.skops"
    path.write_bytes(path.read_bytes()[:-20])


def _flipped(directory: Path) -> None:
    path = directory / "predictor.skops"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _broken_json(directory: Path) -> None:
    (directory / MANIFEST).write_text('{"file": ')


def _no_utf8(directory: Path) -> None:
    (directory / MANIFEST).write_bytes(b"\xff\xfe{}")


def _field_gone(directory: Path) -> None:
    fields = json.loads((directory / MANIFEST).read_text())
    del fields["sha256"]
    (directory / MANIFEST).write_text(json.dumps(fields))


def _other_features(directory: Path) -> None:
    _forge(directory, (directory / "predictor.skops").read_bytes(), features=999)


def _path_outside(directory: Path) -> None:
    fields = json.loads((directory / MANIFEST).read_text()) | {"file": "../predictor.skops"}
    (directory / MANIFEST).write_text(json.dumps(fields))


def _no_zip(directory: Path) -> None:
    _forge(directory, b"PK not a zip")


def _no_schema(directory: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("other.json", "{}")
    _forge(directory, buffer.getvalue())


def _deep_schema(directory: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("schema.json", "[" * 200_000)
    _forge(directory, buffer.getvalue())


def _bomb(directory: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", b" " * (65 * 2**20))
    _forge(directory, buffer.getvalue())


def _a_function(directory: Path) -> None:
    _forge(directory, skops.io.dumps({"text": print}))


def _an_estimator(directory: Path) -> None:
    _forge(directory, skops.io.dumps(Ridge()))


def _other_dict(directory: Path) -> None:
    _forge(directory, skops.io.dumps(OrderedDict(a=1)))


def _other_state(directory: Path) -> None:
    _forge(directory, skops.io.dumps({"terms": "a", "idf": np.ones(1)}))


def _a_list(directory: Path) -> None:
    _forge(directory, skops.io.dumps([1.0, 2.0]))


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (_missing_directory, "give the directory"),
        (_missing_file, "cannot be read"),
        (_truncated, "not the file that its manifest names"),
        (_flipped, "not the file that its manifest names"),
        (_broken_json, "not a predictor's manifest"),
        (_no_utf8, "not a predictor's manifest"),
        (_field_gone, "sha256"),
        (_other_features, "version 999 of the text features"),
        (_path_outside, "not a predictor's manifest"),
        (_no_zip, "no skops file"),
        (_no_schema, "no skops file"),
        (_deep_schema, "no skops file"),
        (_bomb, "unpacks to more than"),
        (_a_function, "contains"),
        (_an_estimator, r"contains sklearn\S*Ridge"),
        (_other_dict, r"contains collections.OrderedDict"),
        (_other_state, "no predictor of this version"),
        (_a_list, "no predictor of this version"),
    ],
)
def test_every_damage_is_one_clear_error(saved: Path, damage: Callable[[Path], None], says: str) -> None:
    damage(saved)
    with pytest.raises(ModelFileError, match=says) as caught:
        difficulty.load(saved)
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    assert any(way in message for way in ("make", "install", "restore", "give", "save"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("discrimination", float("nan")),
        ("discrimination", "1"),
        ("idf", np.ones(2)),
        ("weights", np.array([1.0, np.inf, 0.0])),
        ("shape", np.zeros((3, 3))),
        ("law", {}),
    ],
)
def test_impossible_values_are_refused(small: Predictor, saved: Path, name: str, value: Any) -> None:
    _forge(saved, skops.io.dumps(to_state(small) | {name: value}))
    with pytest.raises(ModelFileError, match="no predictor of this version"):
        load(saved)


class _Trap:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.mark,))


def test_no_code_of_a_crafted_file_runs(saved: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    trap = io.BytesIO()
    joblib.dump(_Trap(mark), trap)
    for data in (pickle.dumps(_Trap(mark)), trap.getvalue()):
        for form in ("skops", "joblib"):
            _forge(saved, data, format=form)
            with pytest.raises(ModelFileError):
                load(saved)
    assert not mark.exists()
