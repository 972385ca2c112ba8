"""A PRM's own tokenizer, for layouts: plain text never becomes control tokens."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

from compute_router.errors import InputError
from compute_router.scoring.families.base import Vocabulary

__all__ = ["from_transformers"]


def from_transformers(path: str) -> Vocabulary:
    """The tokenizer in the folder, or of the hub id, `path`. Raises InputError."""
    try:
        transformers: Any = import_module("transformers")
        tokenizers: Any = import_module("tokenizers")
    except ImportError as error:
        raise InputError("a PRM needs transformers: pip install 'compute-router[sglang]'") from error
    try:
        loaded = transformers.AutoTokenizer.from_pretrained(path, trust_remote_code=False)
    except Exception as error:  # whatever a broken file makes of the loaders beneath
        raise InputError(f"the PRM's tokenizer {path} does not load: {error}") from error
    backend = getattr(loaded, "backend_tokenizer", None)
    if backend is None:
        raise InputError(f"the PRM's tokenizer {path} is none that the tokenizers library reads")
    return _Plain(path, tokenizers.Tokenizer, backend.to_str())


class _Plain:
    """The tokenizer less everything that was added to its vocabulary, special or not: that way no spelling of
    a control token in a text can be one. Control tokens are looked up by name alone."""

    def __init__(self, path: str, tokenizer: Any, description: str) -> None:
        parsed = json.loads(description)
        self._path = path
        self._control = {token["content"]: int(token["id"]) for token in parsed["added_tokens"]}
        parsed |= {"added_tokens": [], "post_processor": None, "truncation": None, "padding": None}
        self._tokenizer = tokenizer.from_str(json.dumps(parsed))

    def encode(self, text: str) -> list[int]:
        # Half of a surrogate pair is no text; JSON lets it through all the same.
        text = text.encode("utf-8", "replace").decode()
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def control(self, token: str) -> int:
        if token not in self._control:
            raise InputError(f"the tokenizer {self._path} has no control token {token}: it is not this PRM's")
        return self._control[token]
