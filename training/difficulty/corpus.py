"""Graded answers and annotated problems, indexed for the fit."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from compute_router.difficulty import names
from compute_router.difficulty.features import Features, extract
from compute_router.training.difficulty.terms import Counts, counted

__all__ = ["Annotated", "Corpus", "Floats", "Graded", "Ints", "corpus", "identity"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Graded:
    """`policy_model` was asked `problem` `n` times and was right `n_correct` times."""

    problem: str
    policy_model: str
    n: float
    n_correct: float
    source: str


@dataclass(frozen=True, slots=True)
class Annotated:
    """What people say of a problem: its MATH level (1 to 5), or the steps of its reference solution."""

    problem: str
    source: str
    level: int | None = None
    steps: int | None = None


def identity(text: str) -> str:
    """Two texts that differ in white space only are one problem, and never on both sides of a split."""
    return re.sub(r"\s+", "", text)


@dataclass(frozen=True)
class Corpus:
    """P problems, M policy models, A rows of answers (one for each pair of a problem and a model).

    `problem_A`, `model_A`: indices; `n_A`, `k_A`: asked and right. `level_P`, `log_steps_P`: NaN where
    unknown. `sources_P`: the logs and problem sets that it occurs in.
    """

    texts: tuple[str, ...]
    features: tuple[Features, ...]
    models: tuple[str, ...]
    problem_A: Ints
    model_A: Ints
    n_A: Floats
    k_A: Floats
    level_P: Floats
    log_steps_P: Floats
    sources_P: tuple[frozenset[str], ...]
    params: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def answered_P(self) -> Mask:
        """Whether any model has answered the problem."""
        return np.bincount(self.problem_A, minlength=len(self.texts)) > 0

    @cached_property
    def counts(self) -> Counts:
        """Terms and shape of the texts."""
        return counted(self.features)

    def from_source(self, source: str) -> Mask:
        return np.array([source in sources for sources in self.sources_P])

    def folds(self, count: int, seed: int) -> Ints:
        """A fold for each problem, from the hash of its text: the same wherever the problem turns up."""
        return np.array([_digest(identity(text), seed) % count for text in self.texts])


def corpus(
    graded: Iterable[Graded], annotated: Iterable[Annotated] = (), params: Mapping[str, int] | None = None
) -> Corpus:
    """Join answers and annotations by `identity` of the problem and `names.key` of the model."""
    texts: dict[str, str] = {}
    index: dict[str, int] = {}
    sources: dict[int, set[str]] = {}
    counts: dict[tuple[int, str], tuple[float, float]] = {}

    def number(text: str) -> int:
        name = identity(text)
        texts.setdefault(name, text)
        return index.setdefault(name, len(index))

    for row in graded:
        pair = (number(row.problem), names.key(row.policy_model))
        n, k = counts.get(pair, (0, 0))
        counts[pair] = (n + row.n, k + row.n_correct)
        sources.setdefault(pair[0], set()).add(row.source)
    notes = [(number(note.problem), note) for note in annotated]

    models = tuple(sorted({model for _, model in counts}))
    row_of = {model: i for i, model in enumerate(models)}
    level, steps = np.full(len(index), np.nan), np.full(len(index), np.nan)
    for p, note in notes:
        sources.setdefault(p, set()).add(note.source)
        if note.level is not None:
            level[p] = note.level
        if note.steps is not None:
            steps[p] = np.log1p(note.steps)
    return Corpus(
        texts=tuple(texts.values()),
        features=tuple(extract(list(texts.values()))),
        models=models,
        problem_A=np.array([p for p, _ in counts], dtype=np.int64),
        model_A=np.array([row_of[m] for _, m in counts], dtype=np.int64),
        n_A=np.array([n for n, _ in counts.values()], dtype=np.float64),
        k_A=np.array([k for _, k in counts.values()], dtype=np.float64),
        level_P=level,
        log_steps_P=steps,
        sources_P=tuple(frozenset(sources.get(p, ())) for p in range(len(index))),
        params={names.key(name): count for name, count in (params or {}).items()},
    )


def _digest(text: str, seed: int) -> int:
    data = f"{seed}\0{text}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(data).digest()[:8])
