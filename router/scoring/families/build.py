"""Ids in the making: a position is counted where it is laid, never found by looking for an id."""

from __future__ import annotations

from collections.abc import Iterable

from compute_router.errors import InputError
from compute_router.scoring.families.base import Layout, Vocabulary

__all__ = ["Builder", "only"]


class Builder:
    """Collects ids; `mark` says that a step's score is read at the id added last."""

    def __init__(self) -> None:
        self._ids_T: list[int] = []
        self._at_S: list[int] = []

    def add(self, ids_T: Iterable[int]) -> Builder:
        self._ids_T.extend(ids_T)
        return self

    def mark(self) -> None:
        self._at_S.append(len(self._ids_T) - 1)

    def layout(self) -> Layout:
        """Ends at the last step's position: what follows changes nothing that a causal model says there."""
        return Layout(tuple(self._ids_T), tuple(self._at_S))


def only(vocabulary: Vocabulary, text: str) -> int:
    """The one token that `text` is. Raises InputError where it is several."""
    ids_T = vocabulary.encode(text)
    if len(ids_T) != 1:
        raise InputError(
            f"the PRM's tokenizer reads {text!r} as {len(ids_T)} tokens, where its format needs one"
        )
    return ids_T[0]
