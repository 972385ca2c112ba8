"""A model's parameter count, where its name tells it."""

from __future__ import annotations

import re

from compute_router.difficulty import names
from compute_router.training.difficulty.sizes import BILLIONS
from compute_router.training.importers.values import count_of

__all__ = ["clean_name", "params_of"]

_SIZE = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)([bm])(?![a-z0-9])")
_MIXTURE = re.compile(r"\d+x\d+(?:\.\d+)?b|-a\d+(?:\.\d+)?b\b")
# Search-and-learn names its files owner and model in one word.
_GLUED = re.compile(r"^(?:AMead10|hugging-quants|Qwen(?=Qwen))")


def clean_name(name: str) -> str:
    """A policy model's or PRM's name without folders, hub owner and the owner some logs glue to it."""
    last = re.split(r"[/\\]", name.strip().rstrip("/\\"))[-1]
    return _GLUED.sub("", last)


def params_of(name: str) -> int | None:
    """The published count (training/difficulty/sizes.py), else the size that the name states; None for a
    mixture of experts, whose name tells neither what a token costs nor what it knows, and where two sizes
    are named."""
    key = names.base(clean_name(name))
    if key in BILLIONS:
        return round(BILLIONS[key] * 1e9)
    if _MIXTURE.search(key):
        return None
    sizes = {(float(number), unit) for number, unit in _SIZE.findall(key)}
    if len(sizes) != 1:
        return None
    number, unit = sizes.pop()
    return count_of(number * (1e9 if unit == "b" else 1e6))
