"""PRMs by name: hub ids, their last part, and folders whose config.json tells the family."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from family_kit import FAMILIES, QWEN, TinyVocabulary

from compute_router.errors import InputError
from compute_router.scoring.families.base import Head
from compute_router.scoring.families.qwen_math import QwenMath
from compute_router.scoring.families.rlhflow import RLHFlow
from compute_router.scoring.families.skywork import Skywork
from compute_router.scoring.known_prms import CONVERTED_KEY, PRMS, find_prm


def folder(at: Path, **config: Any) -> str:
    at.mkdir(exist_ok=True)
    (at / "config.json").write_text(json.dumps(config))
    return str(at)


@pytest.mark.parametrize("name", PRMS)
def test_a_prm_is_found_by_its_id_in_any_case_and_by_its_last_part(name: str) -> None:
    prm = PRMS[name]
    assert prm.name.lower() == name
    assert find_prm(prm.name) is find_prm(name.upper()) is find_prm(prm.name.rpartition("/")[2]) is prm
    assert prm.params > 10**9
    assert prm.context >= 4096


def test_each_prm_reads_its_score_from_the_head_it_has() -> None:
    for prm in PRMS.values():
        made = next(vocabulary() for family, vocabulary in FAMILIES.values() if _fits(prm, vocabulary()))
        readout = prm.family(made).readout
        assert isinstance(readout, Head) == (prm.head != "language")
        assert not isinstance(readout, Head) or readout.labels == (1 if prm.head == "value" else 2)
        assert prm.on_sglang != "generate" or prm.head == "language"


def _fits(prm: Any, vocabulary: TinyVocabulary) -> bool:
    try:
        prm.family(vocabulary)
    except InputError:
        return False
    return True


@pytest.mark.parametrize("name", ["", "x" * 100_000, "Qwen/Qwen2.5-7B-Instruct", "/no/such/folder", ".."])
def test_an_unknown_prm_is_told_what_is_known(name: str) -> None:
    with pytest.raises(InputError, match="math-shepherd-mistral-7b-prm") as caught:
        find_prm(name)
    assert len(str(caught.value)) < 1_000


def test_a_folder_is_known_by_architecture(tmp_path: Path) -> None:
    qwen = folder(tmp_path / "a", architectures=["Qwen2ForProcessRewardModel"], max_position_embeddings=2048)
    skywork = folder(tmp_path / "b", architectures=["Qwen2ForPrmModel"])
    assert (find_prm(qwen).family, find_prm(qwen).context, find_prm(qwen).name) == (QwenMath, 2048, qwen)
    assert (find_prm(skywork).family, find_prm(skywork).context) == (Skywork, 4096)


def test_a_folder_is_known_by_the_name_it_was_saved_under(tmp_path: Path) -> None:
    at = folder(
        tmp_path / "x",
        _name_or_path="RLHFlow/Llama3.1-8B-PRM-Mistral-Data",
        architectures=["LlamaForCausalLM"],
    )
    assert find_prm(at).family is RLHFlow
    at = folder(tmp_path / "llama3.1-8b-prm-mistral-data", architectures=["LlamaForCausalLM"])
    assert find_prm(at).family is RLHFlow
    assert find_prm(at).on_sglang == "generate"


def test_a_converted_folder_remembers_what_it_was(tmp_path: Path) -> None:
    at = folder(
        tmp_path / "x", architectures=["Qwen2ForRewardModel"], **{CONVERTED_KEY: "Qwen/Qwen2.5-Math-PRM-7B"}
    )
    assert (find_prm(at).family, find_prm(at).on_sglang) == (QwenMath, "classify")


def test_a_token_classifier_takes_labels_and_bos_from_its_files(tmp_path: Path) -> None:
    at = folder(
        tmp_path / "x", architectures=["LlamaForTokenClassification"], id2label={"0": "a", "1": "b", "2": "c"}
    )
    (tmp_path / "x" / "tokenizer_config.json").write_text(
        json.dumps({"bos_token": {"content": "<|im_start|>"}})
    )
    family = find_prm(at).family(TinyVocabulary(QWEN))
    assert family.readout == Head(3, good=1)
    assert [*family.layout("q", ["a"]).ids_T] == [301, *b"qa", 256]


def test_parameters_are_counted_from_the_weights(tmp_path: Path) -> None:
    at = folder(tmp_path / "x", architectures=["Qwen2ForPrmModel"])
    header = json.dumps(
        {"__metadata__": {"format": "pt"}, "a": {"shape": [3, 4]}, "b": {"shape": [5]}}
    ).encode()
    (tmp_path / "x" / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    assert find_prm(at).params == 17


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"architectures": []}', '{"architectures": ["LlamaForCausalLM"]}']
)
def test_a_folder_that_tells_nothing_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(InputError, match=r"config\.json"):
        find_prm(str(tmp_path))
