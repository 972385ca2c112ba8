"""A converted PRM scores as before, and a conversion is whole or not there at all."""

from __future__ import annotations

import errno
import hashlib
import json
from collections import namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from compute_router.errors import InputError
from compute_router.scoring.convert import convert
from compute_router.scoring.convert.safetensors import read_header
from compute_router.scoring.known_prms import find_prm
from support.prm_folders import HIDDEN, KINDS, make, save, score, weights_of

SERVED = {
    "mlp": "Qwen2ForRewardModel",
    "value": "Qwen2ForSequenceClassification",
    "linear": "Qwen2ForSequenceClassification",
}


def head(name: str) -> bool:
    return name.startswith(("score.", "v_head.", "lm_head."))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["F32", "BF16", "F16"])
@pytest.mark.parametrize("shards", [1, 3])
def test_the_scores_are_the_originals(tmp_path: Path, kind: str, dtype: str, shards: int) -> None:
    before = make(tmp_path / "a", kind, dtype=dtype, shards=shards)
    made = convert(tmp_path / "a", tmp_path / "b")
    after = weights_of(tmp_path / "b")
    hidden = np.random.default_rng(1).normal(size=(200, HIDDEN)) * 3
    assert np.abs(score(after, hidden) - score(before, hidden)).max() < 1e-5
    assert made.architecture == SERVED[kind]
    body = {name for name in before if not head(name)}
    assert {name for name in after if not head(name)} == body
    assert all(np.array_equal(before[name], after[name]) for name in body)


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("mlp", {"score.0.weight", "score.0.bias", "score.2.weight", "score.2.bias"}),
        ("value", {"score.weight", "score.bias"}),
        ("linear", {"score.weight", "score.bias"}),
    ],
)
def test_the_head_has_the_names_and_shapes_of_the_class(tmp_path: Path, kind: str, names: set[str]) -> None:
    make(tmp_path / "a", kind)
    convert(tmp_path / "a", tmp_path / "b")
    after = weights_of(tmp_path / "b")
    assert {name for name in after if head(name)} == names
    config = json.loads((tmp_path / "b/config.json").read_bytes())
    last = "score.2" if kind == "mlp" else "score"
    assert after[f"{last}.weight"].shape == (len(config["id2label"]), HIDDEN)
    assert after[f"{last}.bias"].shape == (len(config["id2label"]),)
    assert config["architectures"] == [SERVED[kind]]
    assert config["hidden_size"] == HIDDEN


def test_a_value_head_without_a_bias_gets_none_that_counts(tmp_path: Path) -> None:
    tensors = make(tmp_path / "a", "value")
    del tensors["v_head.summary.bias"]
    save(tmp_path / "a/model.safetensors", tensors)
    convert(tmp_path / "a", tmp_path / "b")
    assert weights_of(tmp_path / "b")["score.bias"].tolist() == [0.0]


def test_every_tensor_lies_on_a_multiple_of_its_numbers(tmp_path: Path) -> None:
    """Readers map the file; the folded head is wider than the rest."""
    tensors = make(tmp_path / "a", "mlp", dtype="BF16")
    tensors["model.odd"] = np.ones(3)
    save(tmp_path / "a/model.safetensors", tensors, "BF16")
    convert(tmp_path / "a", tmp_path / "b")
    header = read_header(tmp_path / "b/model.safetensors")
    assert {tensor.dtype for tensor in header.values()} == {"BF16", "F32"}
    for tensor in header.values():
        assert tensor.start % (4 if tensor.dtype == "F32" else 2) == 0


def test_a_prefix_of_the_wrapper_is_taken_off(tmp_path: Path) -> None:
    tensors = make(tmp_path / "a", "value")
    wrapped = {name if head(name) else f"pretrained_model.{name}": array for name, array in tensors.items()}
    save(tmp_path / "a/model.safetensors", wrapped)
    convert(tmp_path / "a", tmp_path / "b")
    assert "model.norm.weight" in weights_of(tmp_path / "b")


def test_the_folder_is_whole_and_runs_no_code(tmp_path: Path) -> None:
    make(tmp_path / "a", "mlp", shards=2)
    convert(tmp_path / "a", tmp_path / "b", command="compute-router convert-prm a --out b")
    names = {file.name for file in (tmp_path / "b").iterdir()}
    shards = {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"}
    assert names == shards | {
        "config.json",
        "conversion.json",
        "model.safetensors.index.json",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    for name in ("config.json", "tokenizer_config.json"):
        assert "auto_map" not in json.loads((tmp_path / "b" / name).read_bytes())
    index = json.loads((tmp_path / "b/model.safetensors.index.json").read_bytes())
    assert index["weight_map"] == {
        name: file for file in shards for name in read_header(tmp_path / "b" / file)
    }
    assert {file.name for file in tmp_path.iterdir()} == {"a", "b"}


def test_the_manifest_says_what_became_of_what(tmp_path: Path) -> None:
    make(tmp_path / "Qwen2.5-Math-7B-PRM800K", "mlp")
    source, out = tmp_path / "Qwen2.5-Math-7B-PRM800K", tmp_path / "deep/down/b"
    convert(source, out, command="the command")
    manifest = json.loads((out / "conversion.json").read_bytes())
    assert manifest["command"] == "the command"
    assert manifest["prm"] == "Qwen/Qwen2.5-Math-7B-PRM800K"
    for folder, part in ((source, "inputs"), (out, "outputs")):
        assert "model.safetensors" in manifest[part]
        for name, row in manifest[part].items():
            data = (folder / name).read_bytes()
            assert row == {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


@pytest.mark.parametrize("kind", KINDS)
def test_the_registry_knows_what_was_written(tmp_path: Path, kind: str) -> None:
    make(tmp_path / "a", kind)
    made = convert(tmp_path / "a", tmp_path / "b")
    found = find_prm(str(tmp_path / "b"))
    assert found.on_sglang == "classify"
    assert found.head == kind
    assert found.family is find_prm(made.prm).family


def test_the_name_in_the_config_tells_which_it_is(tmp_path: Path) -> None:
    make(tmp_path / "a", "mlp", _name_or_path="Qwen/Qwen2.5-Math-PRM-72B")
    assert convert(tmp_path / "a", tmp_path / "b").prm == "Qwen/Qwen2.5-Math-PRM-72B"


def lose(folder: Path, name: str) -> None:
    tensors = weights_of(folder)
    del tensors[name]
    save(folder / "model.safetensors", tensors)


def change(folder: Path, **config: Any) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_bytes()) | config))


def pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def cut(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-10])


def three_labels(folder: Path) -> None:
    tensors = weights_of(folder)
    save(
        folder / "model.safetensors",
        tensors | {"score.2.weight": np.ones((3, HIDDEN)), "score.2.bias": np.ones(3)},
    )


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda folder: change(folder, architectures=["LlamaForCausalLM"]), "is a LlamaForCausalLM"),
        (lambda folder: change(folder, architectures=None), "is a none"),
        (lambda folder: change(folder, compute_router_prm="x"), "converted already"),
        (lambda folder: change(folder, num_hidden_layers=None), "num_hidden_layers"),
        (
            lambda folder: change(folder, num_hidden_layers=3),
            r"lacks the weights model\.layers\.2\..* 11 more",
        ),
        (lambda folder: lose(folder, "score.0.bias"), r"lack score\.0\.bias"),
        (lambda folder: lose(folder, "score.2.weight"), "no reward head"),
        (lambda folder: lose(folder, "model.norm.weight"), r"model\.norm\.weight"),
        (lambda folder: three_labels(folder), "3 labels"),
        (lambda folder: (folder / "config.json").unlink(), r"has no config\.json"),
        (lambda folder: (folder / "config.json").write_text("{"), "cannot be read"),
        (lambda folder: (folder / "config.json").write_text("[]"), "no JSON object"),
        (lambda folder: (folder / "tokenizer.json").unlink(), r"no tokenizer\.json"),
        (lambda folder: (folder / "model.safetensors").unlink(), r"no \*\.safetensors"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"nonsense"), "no safetensors file"),
        (
            lambda folder: (folder / "model.safetensors").write_bytes(b""),
            "no safetensors file|no reward head|lacks",
        ),
        (pickled, "pickles"),
        (cut, "copy it again"),
    ],
)
def test_what_cannot_be_converted_leaves_nothing_behind(tmp_path: Path, spoil: Any, says: str) -> None:
    make(tmp_path / "a", "mlp")
    spoil(tmp_path / "a")
    with pytest.raises(InputError, match=says):
        convert(tmp_path / "a", tmp_path / "b")
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


def test_a_shard_that_is_not_there_is_named(tmp_path: Path) -> None:
    make(tmp_path / "a", "value", shards=3)
    (tmp_path / "a/model-00002-of-00003.safetensors").unlink()
    with pytest.raises(InputError, match="model-00002-of-00003"):
        convert(tmp_path / "a", tmp_path / "b")


def test_no_folder_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder"):
        convert(tmp_path / "a", tmp_path / "b")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    make(tmp_path / "a", "mlp")
    (tmp_path / "b").mkdir()
    with pytest.raises(InputError, match="there already"):
        convert(tmp_path / "a", tmp_path / "b")
    assert list((tmp_path / "b").iterdir()) == []


def test_a_disk_that_is_too_small_is_noticed_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage(9, 8, 1))
    make(tmp_path / "a", "mlp")
    with pytest.raises(InputError, match="the disk is full"):
        convert(tmp_path / "a", tmp_path / "b")


def test_a_disk_that_fills_up_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    make(tmp_path / "a", "mlp")
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(InputError, match="the disk is full"):
        convert(tmp_path / "a", tmp_path / "b")
    assert [file.name for file in tmp_path.iterdir()] == ["a"]
