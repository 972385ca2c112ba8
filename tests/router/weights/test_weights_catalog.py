"""configs/models.yaml as shipped, and what a bad one gets."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from weights_kit import NAME, World, catalog_text

from compute_router.errors import RouterError, WeightsError
from compute_router.io.data_files import data_path
from compute_router.weights import default_policy_model
from compute_router.weights.catalog import load


def test_the_shipped_list_is_valid_and_its_aliases_work() -> None:
    catalog = load()
    assert catalog.default == default_policy_model() == "Qwen2.5-Coder-0.5B-Instruct"
    assert [catalog.find(word).name for word in ("0.5b", "1.5B", "smoke")] == [
        "Qwen2.5-Coder-0.5B-Instruct",
        "Qwen2.5-Coder-1.5B-Instruct",
        "SmolLM2-135M-Instruct",
    ]
    with pytest.raises(WeightsError, match=r"did you mean Qwen2\.5-Coder-1\.5B-Instruct"):
        catalog.find("qwen2.5-coder-1.5b-instuct")


def test_the_shipped_list_names_no_host() -> None:
    assert not re.search(r"https?:|\.(org|com|co)\b", data_path("models.yaml").read_text())


def test_a_data_file_that_is_missing_is_named() -> None:
    with pytest.raises(RouterError, match=r"the data file nothing\.yaml is missing"):
        data_path("nothing.yaml")


def changed(path: str, value: object) -> str:
    """The small list with one value changed; None takes it out."""
    data = yaml.safe_load(catalog_text())
    *folders, last = path.split("/")
    place = data
    for folder in folders:
        place = place[folder]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return yaml.safe_dump(data)


MODEL = f"models/{NAME}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file: Input should be"),
        ("- a list", "the file: Input should be"),
        ("a: [", "is not YAML"),
        ("\xff", "is not YAML"),
        ("!!python/object/apply:os.getcwd []", "is not YAML"),
        ("# " + "x" * 70_000, "larger than 65536 bytes"),
        (changed("default", "Other"), "the default Other is not among the models"),
        (changed("models", {}), "models: "),
        (changed(f"{MODEL}/bytes", "30000"), r"bytes: Input should be a valid integer"),
        (changed(f"{MODEL}/bytes", 0), "greater than 0"),
        (changed(f"{MODEL}/sha256", "abc"), "sha256: "),
        (changed(f"{MODEL}/hub", None), "hub: Field required"),
        (changed(f"{MODEL}/url", "x"), "url: Extra inputs"),
        (changed(f"{MODEL}/aliases", [NAME.upper()]), "named twice: tiny-chat"),
        (changed(f"{MODEL}/hub/file", "../../x.gguf"), "repo must be owner/name"),
        (changed(f"{MODEL}/mirror/package", "tinychat"), "must hold {n}"),
        (changed(f"{MODEL}/mirror/package", "-r /etc/x{n}"), "package: "),
        (changed(f"{MODEL}/mirror/parts", 1), "must hold {n}"),
    ],
)
def test_a_bad_list_is_one_clear_error(world: World, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "models.yaml").write_bytes(text.encode("latin-1"))
    with pytest.raises(WeightsError, match=message) as caught:
        load()
    assert "models.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_importing_the_room_loads_no_heavy_library() -> None:
    heavy = "{'huggingface_hub', 'pydantic', 'yaml', 'subprocess', 'zipfile', 'urllib.request'}"
    code = f"import sys, compute_router.weights; print(sorted({heavy} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out == "[]\n"
