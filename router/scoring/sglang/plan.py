"""One path to be scored: its layout, and the steps whose scores are missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from compute_router.errors import RouterError, ScorerError
from compute_router.ledger import Tokens
from compute_router.scoring.base import Scored
from compute_router.scoring.families.base import Layout
from compute_router.scoring.sglang.memory import Memory
from compute_router.scoring.sglang.wire import Part

__all__ = ["Plan", "same"]


@dataclass(slots=True, eq=False)
class Plan:
    """`missing_K` are the steps to ask for; `usage` and `error` come with the reply."""

    problem: str
    layout: Layout
    keys_S: tuple[bytes, ...]
    scores_S: list[float | None]
    missing_K: tuple[int, ...]
    usage: Tokens = field(default_factory=Tokens)
    error: RouterError | None = None

    @classmethod
    def of(cls, problem: str, layout: Layout, keys_S: tuple[bytes, ...], memory: Memory) -> Plan:
        scores_S = [memory.get(key) for key in keys_S]
        missing_K = tuple(step for step, score in enumerate(scores_S) if score is None)
        return cls(problem, layout, keys_S, scores_S, missing_K)

    def part(self, read: Sequence[int] = (), *, is_home: bool = False) -> Part:
        """What to ask a server for that has `read` these ids; where it `is_home` to the problem, also what
        led to the scores that are known."""
        at_K = tuple(self.layout.at_S[step] for step in self.missing_K)
        ids_T = self.layout.until(self.missing_K[-1])
        return Part(ids_T, at_K, max(same(read, ids_T), self._scored if is_home else 0))

    @property
    def _scored(self) -> int:
        """Ids up to the last score that is known before the first one that is missing."""
        first = self.missing_K[0]
        return self.layout.at_S[first - 1] + 1 if first else 0

    @property
    def most(self) -> int:
        """Tokens that a server computes which still holds all before the first missing score. Of what is
        cached, each request computes the last token again."""
        if not self.missing_K:
            return 0
        return self.layout.at_S[self.missing_K[-1]] + 1 - self._scored + len(self.missing_K)

    def scored(self) -> Scored | RouterError:
        scores_S = [score for score in self.scores_S if score is not None]
        if len(scores_S) < len(self.scores_S):
            return ScorerError(f"the PRM gave {len(scores_S)} scores for {len(self.scores_S)} steps")
        return Scored(tuple(scores_S), self.usage)


def same(a: Sequence[int], b: Sequence[int]) -> int:
    """How many ids `a` and `b` begin with that are the same."""
    return next((at for at, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
