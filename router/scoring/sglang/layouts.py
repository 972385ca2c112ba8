"""Paths as ids: laid out when they are priced, and there already when they are scored."""

from __future__ import annotations

from collections import OrderedDict

from compute_router.errors import ScorerError
from compute_router.policies import Path
from compute_router.scoring.families.base import Family, Layout
from compute_router.scoring.sglang.memory import keys

__all__ = ["Laid", "Layouts"]

MOST = 1024

Laid = tuple[Layout, tuple[bytes, ...]]
"""A layout, and for each step the key of the ids up to its score."""


class Layouts:
    """The MOST layouts made last."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self._made: OrderedDict[tuple[str, ...], Laid] = OrderedDict()

    def of(self, problem: str, path: Path) -> Laid:
        """Raises ScorerError where the layout does not have one position a step, in their order."""
        steps = [step.text for step in path.steps_S]
        key = (problem, *steps)
        found = self._made.get(key)
        if found is None:
            layout = self._family.layout(problem, steps)
            at_S = layout.at_S
            if len(at_S) != len(steps) or any(b <= a for a, b in zip((-1, *at_S), at_S, strict=False)):
                raise ScorerError(f"the PRM's layout has {len(at_S)} positions for {len(steps)} steps")
            found = self._made[key] = layout, keys(layout)
            if len(self._made) > MOST:
                self._made.popitem(last=False)
        return found
