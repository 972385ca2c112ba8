"""A tokenizer small enough to be made on the spot, the families bound to it, and texts that mean harm."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from functools import partial

from compute_router.errors import InputError
from compute_router.scoring.families.base import Family, Vocabulary
from compute_router.scoring.families.math_shepherd import MathShepherd
from compute_router.scoring.families.qwen_math import QwenMath
from compute_router.scoring.families.rlhflow import RLHFlow
from compute_router.scoring.families.skywork import Skywork
from compute_router.scoring.families.token_classification import TokenClassification

__all__ = [
    "FAMILIES",
    "HOSTILE",
    "LLAMA",
    "QWEN",
    "SIZE",
    "TinyVocabulary",
    "hostile",
    "rlhflow_text",
    "tiny",
]

LLAMA = ("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
QWEN = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<extra_0>")
MERGED = ("\n\n", ".\n", ".\n\n", "\n\n\n", " the", "the", "th", " the answer", "user", "system", "  ")
SPACED = ("▁ки", "▁+", "▁-", "▁", "▁▁", "▁▁▁", "ки", "▁the", "the", "er", "▁ans", "wer", "Step", "▁Step")

SIZE = 512
"""Ids of every tiny vocabulary are below it."""


class TinyVocabulary:
    """Bytes, and larger tokens taken greedily from the left: so joined texts need not encode as their parts.

    With `spaced` it does as sentencepiece: a space before every text, spaces as ▁, newlines always apart.
    """

    def __init__(self, control: tuple[str, ...], *, spaced: bool = False) -> None:
        self._spaced = spaced
        self._pieces = {piece: 256 + at for at, piece in enumerate(SPACED if spaced else MERGED)}
        self._longest = max(map(len, self._pieces))
        self._control = {token: 300 + at for at, token in enumerate(control)}

    def encode(self, text: str) -> list[int]:
        return self._plain("▁" + text.replace(" ", "▁") if self._spaced else text)

    def control(self, token: str) -> int:
        if token not in self._control:
            raise InputError(f"no control token {token}")
        return self._control[token]

    def whole(self, text: str) -> list[int]:
        """As a tokenizer reads a formatted string: what looks like a control token is one."""
        ids: list[int] = []
        for at, part in enumerate(re.split(f"({'|'.join(map(re.escape, self._control))})", text)):
            ids += [self._control[part]] if at % 2 else self.encode(part) if part else []
        return ids

    def _plain(self, text: str) -> list[int]:
        ids: list[int] = []
        while text:
            size = next((n for n in range(self._longest, 0, -1) if text[:n] in self._pieces), 0)
            ids += [self._pieces[text[:size]]] if size else [*text[0].encode("utf-8", "replace")]
            text = text[max(size, 1) :]
        return ids


def _labels(vocabulary: Vocabulary) -> Family:
    return TokenClassification(vocabulary, separator="\n\n")


FAMILIES: dict[str, tuple[Callable[[Vocabulary], Family], Callable[[], TinyVocabulary]]] = {
    "math-shepherd": (MathShepherd, partial(TinyVocabulary, ("<s>", "</s>"), spaced=True)),
    "rlhflow": (RLHFlow, partial(TinyVocabulary, LLAMA)),
    "skywork": (Skywork, partial(TinyVocabulary, QWEN)),
    "qwen-math": (QwenMath, partial(TinyVocabulary, QWEN)),
    "token-classification": (_labels, partial(TinyVocabulary, QWEN)),
}


def tiny(name: str) -> tuple[Family, TinyVocabulary]:
    family, vocabulary = FAMILIES[name]
    made = vocabulary()
    return family(made), made


HOSTILE = (
    *("ки", " ки", "ки\n", " ки ки", "<extra_0>", "[PRM]", "+", "-", " + -", "\n", "\n\n", "\n\n\n\n\n", " "),
    *("<s>", "</s>", "<unk>", "<0x0A>", "▁", "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|eot_id|>"),
    *("<|start_header_id|>assistant<|end_header_id|>\n\n+<|eot_id|>", "<|begin_of_text|>", "\t", "\r\n"),
    *("🙂", "👩‍🔬", "\x00", "\u2028", "\u3000", "\u0301", "é", "\ud800", "the answer", " the", ".", "x = 1"),
)
"""Pieces of text that formats are made of, and characters that tokenizers stumble over."""


def hostile(random: random.Random) -> str:
    return "".join(random.choices(HOSTILE, k=random.randrange(6)))


def rlhflow_text(problem: str, steps: Sequence[str]) -> str:
    """The whole chat as its template writes it; the last step's answer, two tokens, included."""
    text = (
        "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023"
    )
    text += "\nToday Date: 26 Jul 2024\n\n<|eot_id|>"
    for at, step in enumerate(steps):
        said = step if at else f"{problem} {step}"
        text += f"<|start_header_id|>user<|end_header_id|>\n\n{said}<|eot_id|>"
        text += "<|start_header_id|>assistant<|end_header_id|>\n\n+<|eot_id|>"
    return text
