r"""Math-Shepherd: peiyi9979/math-shepherd-mistral-7b-prm (arXiv 2312.08935), a Mistral 7B.

    <s>{problem} {step 1} ки\n{step 2} ки\n{step 3} ки

The score of a step is softmax(' +', ' -') of the next-token logits AT its ' ки' (ids 648, 387, 12902), as on
the model's card. Inner newlines of a step stay.
"""

from __future__ import annotations

from collections.abc import Sequence

from compute_router.errors import InputError
from compute_router.scoring.families.base import Layout, TokenPair, Vocabulary
from compute_router.scoring.families.build import Builder, only

__all__ = ["MathShepherd"]


class MathShepherd:
    """Bound to a sentencepiece tokenizer that starts every text with a space; any other is an InputError."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        pair = vocabulary.encode("+ -")
        if len(pair) != 2:
            raise InputError("the PRM's tokenizer is not Math-Shepherd's: '+ -' is not two tokens")
        self.readout = TokenPair(*pair)
        self._encode = vocabulary.encode
        self._bos = vocabulary.control("<s>")
        self._tag = only(vocabulary, "ки")
        # The tokenizer starts every text with a space. Behind a newline there is none, as a newline is
        # never part of a larger token: so a text that continues a line is encoded with one before it.
        self._newline = vocabulary.encode("\n")[-1]
        self._skip = len(vocabulary.encode("\n"))

    def layout(self, problem: str, steps: Sequence[str]) -> Layout:
        build = Builder().add([self._bos])
        for at, step in enumerate(steps):
            if at == 0:
                build.add(self._encode(f"{problem} {step.strip()}".rstrip()))
            else:
                build.add([self._newline]).add(self._encode("\n" + step.strip())[self._skip :])
            build.add([self._tag]).mark()
        return build.layout()
