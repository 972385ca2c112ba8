"""A problem as prompt tokens, by the model's own chat template."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from compute_router.engines.prompt import chat
from compute_router.errors import EngineError

__all__ = ["Tokenizer", "framed", "from_transformers"]

Tokenizer = Callable[[str, str], Sequence[int]]
"""A problem's text and what its solution begins with -> the token ids of the whole prompt, chat template
included."""

_MARK = "PROBLEM-STANDS-HERE"


def from_transformers(path: str) -> Tokenizer:
    """The tokenizer in the folder, or of the hub id, `path`. Raises EngineError.

    SGLang has /tokenize, but it knows no chat template, and reads control tokens in a problem's text as
    control tokens; here they are recognised in the template alone.
    """
    try:
        transformers: Any = import_module("transformers")
    except ImportError as error:
        raise EngineError(
            "the SGLang engine needs transformers: pip install 'compute-router[sglang]'", retryable=False
        ) from error
    try:
        return framed(transformers.AutoTokenizer.from_pretrained(path), path)
    except (OSError, ValueError) as error:
        raise EngineError(f"the tokenizer {path} does not load: {error}", retryable=False) from error


def framed(tokenizer: Any, name: str) -> Tokenizer:
    """A tokenizer of transformers with its chat template around the problem. Raises EngineError where the
    template of `name` has no place for one, ValueError where there is none."""
    template: str = tokenizer.apply_chat_template(chat(_MARK), tokenize=False, add_generation_prompt=True)
    before, mark, after = template.partition(_MARK)
    if not mark:
        raise EngineError(f"the chat template of {name} drops the user's message", retryable=False)

    def tokens(text: str, *, split: bool) -> list[int]:
        found: list[int] = tokenizer.encode(text, add_special_tokens=False, split_special_tokens=split)
        return found

    before_T, after_T = tokens(before, split=False), tokens(after, split=False)

    def prompt(problem: str, opening: str) -> list[int]:
        return [*before_T, *tokens(problem, split=True), *after_T, *tokens(opening, split=True)]

    return prompt
