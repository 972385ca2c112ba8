"""Counting the tokens that a log does not state: with a tokenizer that is named, never with one guessed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from compute_router.errors import InputError

__all__ = ["Counter", "counter"]

_BY_LENGTH = re.compile(r"(?:chars|characters) ?/ ?(\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class Counter:
    """Counts the tokens of a text; `label` is what `versions["tokens"]` says of the count."""

    count: Callable[[str], int]
    label: str


def counter(name: str) -> Counter:
    """`chars/4` estimates by length; anything else is a tokenizer of the hub or a folder, for which
    transformers must be installed. Raises InputError where there is none of that name."""
    if found := _BY_LENGTH.fullmatch(name.strip()):
        size = float(found[1])
        if not size:
            raise InputError(f"A token cannot have {found[1]} characters.")
        return Counter(lambda text: max(1, round(len(text) / size)), f"estimate: characters / {size:g}")
    try:
        tokenizers = import_module("transformers").AutoTokenizer
    except ImportError:
        raise InputError(
            f"The tokenizer {name!r} needs transformers (pip install 'compute-router[train]'); "
            "'chars/4' estimates without it."
        ) from None
    try:
        tokenizer: Any = tokenizers.from_pretrained(name)
    except (OSError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise InputError(f"There is no tokenizer {name!r}: {reason}") from error
    return Counter(
        lambda text: max(1, len(tokenizer.encode(text, add_special_tokens=False))), f"counted with {name}"
    )
