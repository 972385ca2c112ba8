r"""RLHFlow/Llama3.1-8B-PRM-Mistral-Data and -Deepseek-Data (RLHFlow/RLHF-Reward-Modeling, math-rm).

A Llama 3.1 chat with the system turn that its template writes unasked: the user says
"{problem} {step 1}", then one step a turn, and the assistant answers each with '+' (id 10) or '-' (id 12).
The score of a step is softmax('+', '-') of the next-token logits at the token before the answer, which is the
"\n\n" that ends the assistant's header.
"""

from __future__ import annotations

from collections.abc import Sequence

from compute_router.scoring.families.base import Layout, TokenPair, Vocabulary
from compute_router.scoring.families.build import Builder, only

__all__ = ["RLHFlow"]

# The template's own default: it never asks what day it is.
SYSTEM = "\n\nCutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n"


class RLHFlow:
    """Bound to the Llama 3 tokenizer."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        encode, control = vocabulary.encode, vocabulary.control
        start, end, turn = (control(f"<|{name}|>") for name in ("start_header_id", "end_header_id", "eot_id"))

        def header(role: str) -> list[int]:
            return [start, *encode(role), end]

        self.readout = TokenPair(good=only(vocabulary, "+"), bad=only(vocabulary, "-"))
        self._encode = encode
        self._head_T = [control("<|begin_of_text|>"), *header("system"), *encode(SYSTEM), turn]
        self._user_T = header("user")
        self._ask_T = [turn, *header("assistant"), only(vocabulary, "\n\n")]
        self._answer_T = [self.readout.good, turn]

    def layout(self, problem: str, steps: Sequence[str]) -> Layout:
        build = Builder().add(self._head_T)
        for at, step in enumerate(steps):
            said = step if at else f"{problem} {step.strip()}"
            build.add(self._answer_T if at else ()).add(self._user_T)
            build.add(self._encode("\n\n" + said.strip())).add(self._ask_T).mark()
        return build.layout()
