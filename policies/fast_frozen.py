"""Records: what a search makes anew for every step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

__all__ = ["record"]

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: type[T]) -> type[T]:
    """A dataclass with slots that the type checker, and nothing else, keeps from being changed.

    `dataclass(frozen=True)` sets every field through object.__setattr__, a call a field, and a dozen such
    objects are made for a step.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)
