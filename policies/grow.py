"""How a path grows: to its end in one go, or step by step with a score for each."""

from __future__ import annotations

from dataclasses import replace

from .aggregate import value
from .ask import Extend, Key, Score, Search, score
from .limits import Limits
from .path import Path

__all__ = ["chain", "foresee", "grow", "regrow"]

FALL = 0.5
"""A step that leaves less than this share of the value before it has gone wrong."""

# What the budget, the deadline or a failure cut off is no try.
_CUT = ("budget", "deadline", "failed")


def chain(child: int, limits: Limits, *, temperature: float, scored: bool, opening: str = "") -> Search[Path]:
    """One solution from the problem, or from its `opening`, to its end; scored as soon as it is there."""
    root = Path()
    path: Path = yield Extend(
        Key(0, root.lineage, child), root, "end", limits.path_tokens, temperature, opening
    )
    if scored and path.steps_S:
        path = yield from score(path)
    return path


def grow(
    tree: int, parent: Path, child: int, limits: Limits, temperature: float | None = None
) -> Search[Path]:
    """`parent` one step further, its new step scored."""
    room = min(limits.step_tokens, limits.path_tokens - parent.n_tokens)
    if temperature is None:
        temperature = limits.temperature
    path: Path = yield Extend(Key(tree, parent.lineage, child), parent, "step", room, temperature)
    if path.finish == "length" and parent.n_tokens < path.n_tokens < limits.path_tokens:
        path = replace(path, finish="open")  # only this step hit its limit
    if path.finish != "failed" and path.steps_S and not path.is_scored:  # a blank step may add none
        path = yield Score(path)
    return path


def regrow(
    tree: int, parent: Path, child: int, limits: Limits, temperature: float, backtrack: int, aggregate: str
) -> Search[Path]:
    """`parent` one step further. A step that halves the value and states no answer is taken back and written
    again, up to `backtrack` times; where none holds, the best of them stays. The tries are the children
    `child`, `child` + 1, ..."""
    path = yield from grow(tree, parent, child, limits, temperature)
    tries = [path]
    while len(tries) <= backtrack and _fell(path, parent, aggregate):
        # At temperature 0 the same step would come again.
        path = yield from grow(tree, parent, child + len(tries), limits)
        tries.append(path)
    if len(tries) == 1:
        return path
    # The last try holds, or else none does: then it may also be one of which nothing was written.
    if path.n_tokens == parent.n_tokens or path.finish in _CUT or _fell(path, parent, aggregate):
        written = (one for one in tries if one.finish not in _CUT)
        path = max(written, key=lambda one: value(one, aggregate) or 0.0)
    others = sum(one.n_tokens - parent.n_tokens for one in tries if one is not path)
    last = replace(path.steps_S[-1], taken_back=path.steps_S[-1].taken_back + others)
    return replace(path, steps_S=(*path.steps_S[:-1], last))


def _fell(path: Path, parent: Path, aggregate: str) -> bool:
    if path.finish in _CUT or path.answer is not None:
        return False
    before, after = value(parent, aggregate), value(path, aggregate)
    return before is not None and after is not None and after < FALL * before


def foresee(tree: int, path: Path, steps: int, child: int, limits: Limits) -> Search[Path]:
    """Where `path` would be after `steps` more steps at temperature 0 (lookahead search, arXiv
    2408.03314, section 5.2). `child` is an index that none of its real children has."""
    for _ in range(steps):
        if not path.is_open or path.n_tokens >= limits.path_tokens or len(path.lineage) >= limits.steps:
            break
        path = yield from grow(tree, path, child, limits, 0.0)
    return path
