"""The answer alone, without the reasoning before it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from .ask import Search
from .grow import chain
from .limits import Limits
from .select import Outcome, select

__all__ = ["Direct"]

OPENING = "\\boxed{"
"""What the solution begins with: told to reason, a model that was only asked not to does it all the same."""

MOST_TOKENS = 64
"""Room for a long formula; a small model that does not stop after its answer begins to reason."""


@dataclass(frozen=True, slots=True)
class Direct:
    """One answer at temperature 0, begun for the policy model, so that nothing is reasoned before it (the
    zero-shot prompting that chains of thought are held against: arXiv 2205.11916, section 3). Where a problem
    is beyond the policy model it costs next to nothing to be as wrong."""

    name: ClassVar[str] = "direct"
    needs_prm: ClassVar[bool] = False

    def search(self, limits: Limits) -> Search[Outcome]:
        brief = replace(limits, path_tokens=min(limits.path_tokens, MOST_TOKENS))
        path = yield from chain(0, brief, temperature=0.0, scored=False, opening=OPENING)
        return (yield from select((path,), "vote"))
