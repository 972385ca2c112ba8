r"""Qwen/Qwen2.5-Math-PRM-7B, -72B and Qwen/Qwen2.5-Math-7B-PRM800K (arXiv 2501.07301 and the models' cards).

    <|im_start|>system\n{SYSTEM}<|im_end|>\n
    <|im_start|>user\n{problem}<|im_end|>\n
    <|im_start|>assistant\n{step 1}<extra_0>{step 2}<extra_0>

(no line breaks but those written \n). The score of a step is softmax(logits)[1] of a head of two labels at
its <extra_0> (id 151651).
"""

from __future__ import annotations

from collections.abc import Sequence

from compute_router.scoring.families.base import Head, Layout, Vocabulary
from compute_router.scoring.families.build import Builder

__all__ = ["QwenMath"]

SYSTEM = "Please reason step by step, and put your final answer within \\boxed{}."


class QwenMath:
    """Bound to the tokenizer of Qwen2.5-Math-PRM, which has <extra_0>."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        encode, control = vocabulary.encode, vocabulary.control
        start, end = control("<|im_start|>"), control("<|im_end|>")
        self.readout = Head(labels=2, good=1)
        self._encode = encode
        self._separator = control("<extra_0>")
        self._head_T = [start, *encode(f"system\n{SYSTEM}"), end, *encode("\n"), start]
        self._reply_T = [end, *encode("\n"), start]

    def layout(self, problem: str, steps: Sequence[str]) -> Layout:
        build = Builder().add(self._head_T).add(self._encode(f"user\n{problem}")).add(self._reply_T)
        for at, step in enumerate(steps):
            text = step.strip()
            build.add(self._encode(text if at else f"assistant\n{text}")).add([self._separator]).mark()
        return build.layout()
