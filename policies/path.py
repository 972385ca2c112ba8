"""A path: one partial or whole solution, made of steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field, replace
from itertools import chain
from typing import Literal

from .answer import extract_answer
from .fast_frozen import record

__all__ = ["Finish", "Path", "Step"]

Finish = Literal["open", "stop", "length", "budget", "deadline", "dropped", "failed"]
"""Why a path goes no further: it still can (open), the policy model ended it (stop), a limit of
tokens or steps did (length), the budget or the deadline did, the search gave it up (dropped), or the
engine failed for good (failed)."""


@record
class Step:
    """A piece of a path, up to and including the blank line that ends it (arXiv 2502.06703, section 2).

    `tokens_T` are the engine's own ids, so that a continuation never re-tokenises text;
    `logprobs_T` are natural logarithms, one a token where the engine reports them. An engine may
    withhold the log-probability of the token that completed the blank line, so the two can differ.
    `taken_back` counts the tokens of other tries at this step, which were paid for and are not part of it.
    """

    text: str
    tokens_T: Sequence[int] = ()
    logprobs_T: tuple[float, ...] = ()
    taken_back: int = 0

    def __add__(self, other: Step) -> Step:
        return Step(
            self.text + other.text,
            (*self.tokens_T, *other.tokens_T),
            self.logprobs_T + other.logprobs_T,
            self.taken_back + other.taken_back,
        )


@record
class Path:
    """Steps from the problem on, with the scores that the PRM gave them so far.

    `lineage` names the path within its tree: the child index taken at every extension.
    `scores_S` holds one score in [0, 1] a step and may lag behind `steps_S` until the next score.
    """

    lineage: tuple[int, ...] = ()
    steps_S: tuple[Step, ...] = ()
    scores_S: tuple[float, ...] = ()
    finish: Finish = "open"
    error: str | None = None
    # Derived on demand and kept: a search looks at them again for every child.
    _tokens_T: tuple[int, ...] | None = field(default=None, init=False, repr=False, compare=False)
    _answer: tuple[str | None] | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def text(self) -> str:
        return "".join([step.text for step in self.steps_S])

    @property
    def tokens_T(self) -> tuple[int, ...]:
        tokens_T = self._tokens_T
        if tokens_T is None:
            tokens_T = tuple(chain.from_iterable([step.tokens_T for step in self.steps_S]))
            object.__setattr__(self, "_tokens_T", tokens_T)
        return tokens_T

    @property
    def n_tokens(self) -> int:
        if self._tokens_T is not None:
            return len(self._tokens_T)
        return sum([len(step.tokens_T) for step in self.steps_S])

    @property
    def answer(self) -> str | None:
        if self._answer is None:
            object.__setattr__(self, "_answer", (extract_answer(self.text),))
        assert self._answer is not None
        return self._answer[0]

    @property
    def is_open(self) -> bool:
        return self.finish == "open"

    @property
    def is_scored(self) -> bool:
        return bool(self.steps_S) and len(self.scores_S) == len(self.steps_S)

    def grow(self, child: int, steps: tuple[Step, ...], finish: Finish) -> Path:
        """The path one extension further. A blank step joins the one before it: it is never scored
        on its own (a partial beam often ends in one)."""
        steps_S = list(self.steps_S)
        scores_S = self.scores_S
        for step in steps:
            if steps_S and _is_blank(step):
                steps_S[-1] += step
            elif steps_S and _is_blank(steps_S[-1]):
                steps_S[-1] += step
                scores_S = scores_S[: len(steps_S) - 1]
            else:
                steps_S.append(step)
        return Path((*self.lineage, child), tuple(steps_S), scores_S, finish)

    def end(self, child: int, finish: Finish, error: str | None = None) -> Path:
        """The same steps, closed for a reason that is not the policy model's."""
        return replace(self, lineage=(*self.lineage, child), finish=finish, error=error)

    def scored(self, scores_S: tuple[float, ...]) -> Path:
        return Path(self.lineage, self.steps_S, scores_S, self.finish, self.error)


def _is_blank(step: Step) -> bool:
    return not step.text or step.text.isspace()
