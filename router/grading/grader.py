"""Equality of answers as mathematics, with what is cheap decided here and the rest in a worker process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from compute_router.grading.normal import are_different_words, normalize, number, too_long
from compute_router.grading.process import WorkerPool

__all__ = ["Grader"]

_CACHE_ENTRIES = 65_536


class Grader:
    """Compares answers; a context manager that owns its worker processes.

    Texts that normalise alike, plain numbers (exactly, by value) and plain words (letter case apart)
    are compared at once. All else goes to math-verify 0.9 in one of `workers` processes, started by
    the first comparison that needs one, with `deadline_s` seconds of wall time for parsing and
    comparing together. A comparison that runs out of time or dies counts as "not equal" and is counted
    in `timeouts` or `crashes`. An answer above 1 kB equals only its own text.

    Every method may raise `GradingError`: no worker could be started, or the grader is closed.
    """

    def __init__(self, workers: int = 1, deadline_s: float = 3.0) -> None:
        if workers < 1 or deadline_s <= 0:
            raise ValueError("A grader needs at least one worker and a deadline above zero.")
        self.timeouts = 0
        self.crashes = 0
        self._pool = WorkerPool(workers, deadline_s)
        self._cache: OrderedDict[tuple[str, str, bool], bool] = OrderedDict()

    async def equal(self, a: str, b: str) -> bool:
        """Whether the answers are the same; symmetric, as math-verify is asked both ways round."""
        first, second = sorted((normalize(a), normalize(b)))
        return await self._compare(first, second, symmetric=True)

    async def correct(self, gold: str, answer: str | None) -> bool:
        """Whether `answer` may stand for `gold`; an answer of None is wrong.

        Not symmetric: math-verify lets "x = 5" stand for a gold 5 under rules of its own.
        """
        return answer is not None and await self._compare(normalize(gold), normalize(answer), symmetric=False)

    async def classes(self, answers: Sequence[str | None]) -> tuple[int | None, ...]:
        """For each answer the index of the first answer equal to it; None, an abstention, stays None.

        Equality is not transitive (0.3333333 = 1/3 by rounding), so an answer is held against the
        first-seen member of each class only, and joins the first that it equals. For answers where
        equality is transitive the partition does not depend on their order.
        """
        class_of: dict[str, int] = {}
        representatives: list[int] = []
        found: list[int | None] = []
        for index, answer in enumerate(answers):
            if answer is None:
                found.append(None)
                continue
            text = normalize(answer)
            if text not in class_of:
                class_of[text] = await self._class_of(answer, answers, representatives, default=index)
                if class_of[text] == index:
                    representatives.append(index)
            found.append(class_of[text])
        return tuple(found)

    async def _class_of(
        self, answer: str, answers: Sequence[str | None], representatives: Sequence[int], *, default: int
    ) -> int:
        for index in representatives:
            representative = answers[index]
            if representative is not None and await self.equal(representative, answer):
                return index
        return default

    async def _compare(self, gold: str, answer: str, *, symmetric: bool) -> bool:
        """Compare two normalised texts."""
        if gold == answer:
            return True
        if not gold or not answer or too_long(gold) or too_long(answer):
            return False
        gold_value, value = number(gold), number(answer)
        if gold_value is not None and value is not None:
            return gold_value == value
        differ = are_different_words(gold, answer)
        if differ is not None:
            return not differ
        return await self._compare_as_mathematics(gold, answer, symmetric)

    async def _compare_as_mathematics(self, gold: str, answer: str, symmetric: bool) -> bool:
        key = (gold, answer, symmetric)
        if key in self._cache:
            self._cache.move_to_end(key)
            return self._cache[key]
        verdict = await self._pool.compare(gold, answer, symmetric=symmetric)
        self.timeouts += verdict == "timeout"
        self.crashes += verdict == "crash"
        self._cache[key] = verdict == "equal"
        if len(self._cache) > _CACHE_ENTRIES:
            self._cache.popitem(last=False)
        return verdict == "equal"

    def close(self) -> None:
        """End the worker processes. Idempotent."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
