"""Layouts with the PRMs' real tokenizers, where a package that ships one is installed.

mistral-common and sentencepiece: Mistral 7B's; llama-models and tiktoken: Llama 3's; tokenizers: Qwen2.5's,
from the policy model in the weights cache.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import pytest
from family_kit import HOSTILE, rlhflow_text
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compute_router.errors import InputError
from compute_router.scoring.families.base import Family, TokenPair
from compute_router.scoring.families.math_shepherd import MathShepherd
from compute_router.scoring.families.qwen_math import QwenMath
from compute_router.scoring.families.rlhflow import RLHFlow
from compute_router.scoring.families.skywork import Skywork
from compute_router.scoring.prm_tokenizer import _Plain
from compute_router.weights.cache import weights_folder

PROBLEM = "Janet’s ducks lay 16 eggs per day. She eats three. How much does she make if each is sold at $2?"
STEPS = (
    "Step 1: Janet's ducks lay 16 eggs per day.",
    "Step 2: She keeps 16 - 3 = 13,\nwhich is \\(\\frac{26}{2}\\).",
    "## Step 3: She makes 13 * $2 = $26. The answer is: \\boxed{26}",
)
WORDS = st.text("abc XYZ 0123.,:=+-*/$\\{}()é№\n", min_size=1, max_size=40).map(
    lambda text: " ".join(text.split(" "))
)
BENIGN = WORDS.map(str.strip).filter(bool)
ANY = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=5), max_size=6).map("".join)
REAL = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])


PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""How Llama 3 cuts text into words; Qwen2.5 does the same but for digits, which it takes one by one."""


class Real:
    """A tokenizer as plain text, as whole formatted strings, and its control tokens."""

    def __init__(self, encode: Any, whole: Any, control: dict[str, int]) -> None:
        self.encode, self.whole, self._control = encode, whole, control

    def control(self, token: str) -> int:
        if token not in self._control:
            raise InputError(token)
        return self._control[token]


@pytest.fixture(scope="module")
def mistral() -> Real:
    sentencepiece = pytest.importorskip("sentencepiece")
    pytest.importorskip("mistral_common")
    model = files("mistral_common") / "data" / "tokenizer.model.v1"
    processor = sentencepiece.SentencePieceProcessor(model_file=str(model))
    return Real(
        lambda text: processor.encode(text.encode("utf-8", "replace").decode()),
        lambda text: processor.encode(text, add_bos=True),
        {"<s>": processor.bos_id()},
    )


@pytest.fixture(scope="module")
def llama() -> Real:
    tiktoken = pytest.importorskip("tiktoken")
    pytest.importorskip("llama_models")
    names = {
        "<|begin_of_text|>": 128000,
        "<|start_header_id|>": 128006,
        "<|end_header_id|>": 128007,
        "<|eot_id|>": 128009,
    }
    lines = (files("llama_models") / "llama3" / "tokenizer.model").read_bytes().splitlines()
    ranks = {b64decode(token): int(rank) for token, rank in (line.split() for line in lines)}
    encoding = tiktoken.Encoding("llama3", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens=names)
    return Real(encoding.encode_ordinary, lambda text: encoding.encode(text, allowed_special="all"), names)


@pytest.fixture(scope="module")
def qwen() -> Real:
    tokenizers = pytest.importorskip("tokenizers")
    found = sorted(weights_folder().glob("qwen2.5*.gguf"))
    if not found:
        pytest.skip("no Qwen2.5 in the weights cache")
    with found[0].open("rb") as file:
        head = file.read(16 * 1024 * 1024)
    tokens, merges = strings(head, b"tokenizer.ggml.tokens"), strings(head, b"tokenizer.ggml.merges")
    vocab = {token: at for at, token in enumerate(tokens[:151643])}
    whole = tokenizers.Tokenizer(tokenizers.models.BPE(vocab, [tuple(merge.split(" ")) for merge in merges]))
    whole.normalizer = tokenizers.normalizers.NFC()
    pre = tokenizers.pre_tokenizers
    split = pre.Split(tokenizers.Regex(PATTERN.replace("{1,3}", "")), "isolated")
    whole.pre_tokenizer = pre.Sequence([split, pre.ByteLevel(add_prefix_space=False, use_regex=False)])
    whole.add_special_tokens(
        [{"<|quad_end|>": "<extra_0>"}.get(each, each) for each in tokens[151643:151657]]
    )
    plain = _Plain("Qwen2.5", tokenizers.Tokenizer, whole.to_str())
    return Real(plain.encode, lambda text: whole.encode(text, add_special_tokens=False).ids, plain._control)


def strings(head: bytes, key: bytes) -> list[str]:
    """An array of strings in a GGUF header: after its key two types of 4 bytes, a count and lengths of 8."""
    at = head.index(key) + len(key) + 8
    count, at = int.from_bytes(head[at : at + 8], "little"), at + 8
    found = []
    for _ in range(count):
        size = int.from_bytes(head[at : at + 8], "little")
        found.append(head[at + 8 : at + 8 + size].decode())
        at += 8 + size
    return found


def test_math_shepherd_ids(mistral: Real) -> None:
    family = MathShepherd(mistral)
    assert family.readout == TokenPair(good=648, bad=387)
    layout = family.layout(PROBLEM, STEPS)
    assert {layout.ids_T[at] for at in layout.at_S} == {12902}
    assert layout.ids_T[0] == 1


def math_shepherd(real: Real, problem: str, steps: Sequence[str]) -> list[int]:
    ids: list[int] = real.whole(f"{problem} " + "\n".join(f"{step} ки" for step in steps))
    return ids


def rlhflow(real: Real, problem: str, steps: Sequence[str]) -> list[int]:
    ids: list[int] = real.whole(rlhflow_text(problem, steps))
    return ids[:-2]


def qwen_math(real: Real, problem: str, steps: Sequence[str]) -> list[int]:
    system = "Please reason step by step, and put your final answer within \\boxed{}."
    text = f"<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n{problem}<|im_end|>\n"
    ids: list[int] = real.whole(f"{text}<|im_start|>assistant\n{'<extra_0>'.join(steps)}<extra_0>")
    return ids


def skywork(real: Real, problem: str, steps: Sequence[str]) -> list[int]:
    ids: list[int] = real.whole(f"<|im_start|>{problem}\n")
    for step in steps:
        ids += [*real.whole(step.replace("\n", " ")), 198]
    return ids


@REAL
@given(problem=BENIGN, steps=st.lists(BENIGN, min_size=1, max_size=4))
def test_math_shepherd_is_the_whole_string(mistral: Real, problem: str, steps: list[str]) -> None:
    for asked in ((PROBLEM, STEPS), (problem, steps)):
        assert [*MathShepherd(mistral).layout(*asked).ids_T] == math_shepherd(mistral, *asked)


@REAL
@given(problem=BENIGN, steps=st.lists(BENIGN, min_size=1, max_size=4))
def test_rlhflow_is_the_whole_chat(llama: Real, problem: str, steps: list[str]) -> None:
    family = RLHFlow(llama)
    assert family.readout == TokenPair(good=10, bad=12)
    for asked in ((PROBLEM, STEPS), (problem, steps)):
        assert [*family.layout(*asked).ids_T] == rlhflow(llama, *asked)


@REAL
@given(problem=BENIGN, steps=st.lists(BENIGN, min_size=1, max_size=4))
def test_qwen_and_skywork_are_as_their_projects_write_them(
    qwen: Real, problem: str, steps: list[str]
) -> None:
    assert (qwen.control("<extra_0>"), qwen.control("<|im_start|>")) == (151651, 151644)
    for asked in ((PROBLEM, STEPS), (problem, steps)):
        assert [*QwenMath(qwen).layout(*asked).ids_T] == qwen_math(qwen, *asked)
        assert [*Skywork(qwen).layout(*asked).ids_T] == skywork(qwen, *asked)


def holds(family: Family, problem: str, steps: list[str]) -> None:
    whole, plain = family.layout(problem, steps), family.layout("a", ["b"] * len(steps))
    assert len(whole.at_S) == len(steps)
    assert [whole.ids_T[at] for at in whole.at_S] == [plain.ids_T[at] for at in plain.at_S]
    for count in range(1, len(steps)):
        assert family.layout(problem, steps[:count]).until(count - 1) == whole.until(count - 1)


@REAL
@given(problem=ANY, steps=st.lists(ANY, min_size=1, max_size=4))
def test_hostile_text_on_mistral(mistral: Real, problem: str, steps: list[str]) -> None:
    holds(MathShepherd(mistral), problem, steps)


@REAL
@given(problem=ANY, steps=st.lists(ANY, min_size=1, max_size=4))
def test_hostile_text_on_llama(llama: Real, problem: str, steps: list[str]) -> None:
    holds(RLHFlow(llama), problem, steps)


@REAL
@given(problem=ANY, steps=st.lists(ANY, min_size=1, max_size=4))
def test_hostile_text_on_qwen(qwen: Real, problem: str, steps: list[str]) -> None:
    holds(QwenMath(qwen), problem, steps)
    holds(Skywork(qwen), problem, steps)
    tags = [i for i in QwenMath(qwen).layout(problem, steps).ids_T if i >= 151643]
    assert len(tags) == 5 + len(steps)
