"""Token classifiers as TRL's PRMTrainer makes them (huggingface/trl, experimental/prm).

    {bos, where the tokenizer has one}{problem}{step 1}{separator}{step 2}{separator}

Problem, steps and separator are encoded each on its own. The score of a step is the softmax of the good label
at the separator's last token; TRL labels a good step 1.
"""

from __future__ import annotations

from collections.abc import Sequence

from compute_router.errors import InputError
from compute_router.scoring.families.base import Head, Layout, Vocabulary
from compute_router.scoring.families.build import Builder

__all__ = ["TokenClassification"]


class TokenClassification:
    """`separator` ends every step; `bos` is the control token that starts a text, if any; of `labels` labels
    `good` is the one of a good step."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        separator: str = "\n",
        bos: str | None = None,
        labels: int = 2,
        good: int = 1,
    ) -> None:
        self.readout = Head(labels, good)
        self._encode = vocabulary.encode
        self._bos_T = [vocabulary.control(bos)] if bos is not None else []
        self._separator_T = vocabulary.encode(separator)
        if not self._separator_T:
            raise InputError("a token-classification PRM needs a separator that is at least one token")

    def layout(self, problem: str, steps: Sequence[str]) -> Layout:
        build = Builder().add(self._bos_T).add(self._encode(problem))
        for step in steps:
            build.add(self._encode(step.strip())).add(self._separator_T).mark()
        return build.layout()
