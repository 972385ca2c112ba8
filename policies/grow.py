"""How a path grows: to its end in one go, or step by step with a score for each."""

from __future__ import annotations

from dataclasses import replace

from .ask import Extend, Key, Score, Search, score
from .limits import Limits
from .path import Path

__all__ = ["chain", "foresee", "grow"]


def chain(child: int, limits: Limits, *, temperature: float, scored: bool) -> Search[Path]:
    """One solution from the problem to its end; scored as soon as it is there."""
    root = Path()
    path: Path = yield Extend(Key(0, root.lineage, child), root, "end", limits.path_tokens, temperature)
    if scored and path.steps_S:
        path = yield from score(path)
    return path


def grow(
    tree: int, parent: Path, child: int, limits: Limits, temperature: float | None = None
) -> Search[Path]:
    """`parent` one step further, its new step scored."""
    room = min(limits.step_tokens, limits.path_tokens - parent.n_tokens)
    heat = limits.temperature if temperature is None else temperature
    path: Path = yield Extend(Key(tree, parent.lineage, child), parent, "step", room, heat)
    if path.finish == "length" and parent.n_tokens < path.n_tokens < limits.path_tokens:
        path = replace(path, finish="open")  # only this step hit its limit
    if path.finish != "failed" and path.steps_S and not path.is_scored:  # a blank step may add none
        path = yield Score(path)
    return path


def foresee(tree: int, path: Path, steps: int, child: int, limits: Limits) -> Search[Path]:
    """Where `path` would be after `steps` more steps at temperature 0 (lookahead search, arXiv
    2408.03314, section 5.2). `child` is an index that none of its real children has."""
    for _ in range(steps):
        if not path.is_open or path.n_tokens >= limits.path_tokens or len(path.lineage) >= limits.steps:
            break
        path = yield from grow(tree, path, child, limits, 0.0)
    return path
