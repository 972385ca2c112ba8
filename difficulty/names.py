"""Policy model names as people write them, brought to one key.

    Qwen/Qwen2.5-Coder-0.5B-Instruct             -> qwen2.5-coder-0.5b-instruct
    models/qwen2.5-coder-0.5b-instruct-q8_0.gguf -> qwen2.5-coder-0.5b-instruct-q8_0
    Meta-Llama-3.1-8B-Instruct                   -> llama-3.1-8b-instruct

The key is lower case, without owner, folder, a leading `meta-` and the file's ending;
blanks become hyphens. A quantisation stays in the key, as it changes what a model can do; `base` is
the key without it, for where nothing is known of the quantised model.
"""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["base", "family", "key", "size"]

_PRECISION = re.compile(r"[-.](?:i?q\d\w*|[bf]p?(?:16|32)|fp8|int[48]|[48]bit|w\d+a\d+|awq|gptq|gguf|nf4)$")
_SIZE = re.compile(r"-?\b(?:\d+x)?\d+(?:\.\d+)?[bm]\b")


@lru_cache
def key(name: str) -> str:
    """The normalised name; idempotent."""
    last = re.split(r"[/\\]", name.strip().rstrip("/\\"))[-1]
    text = re.sub(r"\s+", "-", last.lower()).removesuffix(".gguf")
    return text.removeprefix("meta-")


@lru_cache
def base(name: str) -> str:
    """The key without the suffixes that only say how the weights are stored."""
    text = key(name)
    while (shorter := _PRECISION.sub("", text)) != text:
        text = shorter
    return text


def family(name: str) -> str | None:
    """What the key says before the size (`qwen2.5-coder`), or None where it states no size."""
    text = key(name)
    size = _SIZE.search(text)
    return text[: size.start()] or None if size else None


def size(name: str) -> int | None:
    """The number of parameters that the key states (`7b`, `0.5b`, `350m`; of `8x7b` all), or None."""
    found = _SIZE.search(key(name))
    if not found:
        return None
    experts, _, each = found.group().lstrip("-").rpartition("x")
    count = float(each[:-1]) * (1e9 if each[-1] == "b" else 1e6) * (int(experts) if experts else 1)
    return round(count) or None
