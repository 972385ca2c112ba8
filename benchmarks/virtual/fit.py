"""The cost model's constants from a real server's times, and how well they hold on times not fitted."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .cost import Card, Model, Pace

__all__ = ["Decode", "Fit", "fit"]


@dataclass(frozen=True, slots=True)
class Decode:
    """Measured: `seconds` an iteration while `decoding` sequences with `kv_tokens` in all write on."""

    decoding: int
    kv_tokens: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Fit:
    """`errors_P`: |modelled / measured - 1| of each point that was not fitted."""

    pace: Pace
    errors_P: tuple[float, ...]

    @property
    def median_error(self) -> float:
        return statistics.median(self.errors_P)


def fit(points: Sequence[Decode], model: Model) -> Fit:
    """Least squares of relative errors over every other point, each bound by memory or by compute, whichever
    takes longer with the constants found; the rest is held out. Raises ValueError with fewer than six."""
    if len(points) < 6:
        raise ValueError(f"{len(points)} points are too few to fit three constants and to check them")
    ordered = sorted(points, key=lambda point: (point.decoding, point.kv_tokens))
    pace = _fitted(ordered[::2], model)
    errors = [abs(pace.iteration(p.decoding, p.kv_tokens) / p.seconds - 1) for p in ordered[1::2]]
    return Fit(pace, tuple(errors))


def _fitted(points: Sequence[Decode], model: Model) -> Pace:
    least: tuple[float, Pace] | None = None
    for bound in range(len(points) + 1):  # in order of sequences, memory binds the first of them
        pace = _solved(points, model, bound)
        error = sum((pace.iteration(p.decoding, p.kv_tokens) / p.seconds - 1) ** 2 for p in points)
        if least is None or error < least[0]:
            least = error, pace
    assert least is not None
    return least[1]


def _solved(points: Sequence[Decode], model: Model, bound: int) -> Pace:
    """The constants where memory binds the first `bound` points and compute the others; none is negative."""
    rows = []
    for at, p in enumerate(points):
        memory = model.weight_bytes + model.kv_bytes * p.kv_tokens
        compute = 2 * model.params * p.decoding
        rows.append([memory if at < bound else 0.0, 0.0 if at < bound else compute, 1.0])
    seconds = np.array([p.seconds for p in points])
    matrix = np.array(rows) / seconds[:, None]
    scale = np.abs(matrix).max(axis=0)
    scale[scale == 0] = 1
    used = [column for column in range(3) if np.abs(matrix[:, column]).any()]
    while True:
        found, *_ = np.linalg.lstsq(matrix[:, used] / scale[used], np.ones(len(points)), rcond=None)
        negative = [column for column, value in zip(used, found, strict=True) if value <= 0]
        if not negative or len(used) == 1:
            break
        used = [column for column in used if column not in negative]
    constants = np.zeros(3)
    constants[used] = np.maximum(found, 0) / scale[used]
    byte_s, flop_s, overhead_s = constants.tolist()
    # A constant of 0 stands for something that never binds.
    card = Card("measured", 1 / byte_s if byte_s else 1e30, 1 / flop_s if flop_s else 1e30, 0.0)
    return Pace(card, model, overhead_s)
