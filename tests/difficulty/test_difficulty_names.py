from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compute_router.difficulty import Ability, PolicyModel
from compute_router.difficulty.ability import Abilities, AbilityLaw
from compute_router.difficulty.names import base, family, key


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Qwen/Qwen2.5-Coder-0.5B-Instruct", "qwen2.5-coder-0.5b-instruct"),
        ("models/Qwen2.5-Coder-0.5B-Instruct.GGUF", "qwen2.5-coder-0.5b-instruct"),
        ("C:\\models\\gemma-2-2b-it.gguf", "gemma-2-2b-it"),
        ("Meta-Llama-3.1-8B-Instruct", "llama-3.1-8b-instruct"),
        ("llama-3.1-8b-instruct-q4_k_m.gguf", "llama-3.1-8b-instruct-q4_k_m"),
    ],
)
def test_key(written: str, expected: str) -> None:
    assert key(written) == expected


@given(st.text())
def test_any_name_has_a_key_and_a_base(name: str) -> None:
    assert base(key(name)) == base(name)


@pytest.mark.parametrize("suffix", ["", "-Q8_0.gguf", "-q4_k_m", "-AWQ-INT4", "-GPTQ", ".fp16", "-IQ4_XS"])
def test_base_forgets_how_the_weights_are_stored(suffix: str) -> None:
    assert base("Qwen2.5-7B-Instruct" + suffix) == "qwen2.5-7b-instruct"


def test_family_is_what_stands_before_the_size() -> None:
    assert family("Qwen/Qwen2.5-Coder-0.5B-Instruct") == "qwen2.5-coder"
    assert family("SmolLM2-135M-Instruct") == "smollm2"
    assert family("Mixtral-8x7B-Instruct-v0.1") == "mixtral"
    assert family("gpt-4o") is None


LAW = AbilityLaw(intercept=-9.0, slope=1.0, offsets={"tiny": 0.5}, sd=1.5, family_sd=0.5)
LOGGED = Ability(2.0, 0.1, "logs")


def test_the_best_known_ability_decides() -> None:
    abilities = Abilities({"tiny-1b": LOGGED}, LAW)
    assert abilities.of(PolicyModel("Org/TINY-1B", 10**9)) == LOGGED
    assert abilities.of(PolicyModel("tiny-1b-q8_0.gguf", 10**9)) == LOGGED
    assert abilities.of(PolicyModel("tiny-10b", 10**10)) == Ability(1.5, 0.5, "family")
    assert abilities.of(PolicyModel("other-10b", 10**10)) == Ability(1.0, 1.5, "parameters")


def test_with_leaves_the_original_alone() -> None:
    abilities = Abilities({}, LAW)
    changed = abilities.with_("Org/New-1B.gguf", LOGGED)
    assert changed.of(PolicyModel("new-1b", 10**9)) == LOGGED
    assert abilities.of(PolicyModel("new-1b", 10**9)).source == "parameters"


@pytest.mark.parametrize(("name", "params"), [("", 1), (" ", 1), ("m", 0), ("m", -5)])
def test_an_impossible_policy_model_is_refused(name: str, params: int) -> None:
    with pytest.raises(ValueError, match="policy model"):
        PolicyModel(name, params)
