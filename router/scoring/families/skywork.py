r"""Skywork/Skywork-o1-Open-PRM-Qwen-2.5-1.5B and -7B (SkyworkAI/skywork-o1-prm-inference).

    <|im_start|>{problem}\n{step 1}\n{step 2}\n

Problem with its newline, and each step, are encoded on their own; a step ends in the token "\n" (id 198),
where a value head is read, through a sigmoid. A step is one line: its inner newlines become spaces.
"""

from __future__ import annotations

from collections.abc import Sequence

from compute_router.scoring.families.base import Head, Layout, Vocabulary
from compute_router.scoring.families.build import Builder, only

__all__ = ["Skywork"]


class Skywork:
    """Bound to the Qwen2.5 tokenizer."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.readout = Head(labels=1)
        self._encode = vocabulary.encode
        self._bos = vocabulary.control("<|im_start|>")
        self._newline = only(vocabulary, "\n")

    def layout(self, problem: str, steps: Sequence[str]) -> Layout:
        build = Builder().add([self._bos]).add(self._encode(problem + "\n"))
        for step in steps:
            build.add(self._encode(step.strip().replace("\n", " "))).add([self._newline]).mark()
        return build.layout()
