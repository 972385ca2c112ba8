"""What one row of a sweep says: of its own arm, and of those that its samples answer for."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from compute_router.policies import BestOfN
from compute_router.training.outcomes.outcome_matrix import Floats
from compute_router.training.subset_expectation import Blocks
from compute_router.training.sweep.implied_arms import (
    answered_arms,
    canonical,
    plain_sampler_of,
    sampler_of,
    samples_of,
    strategy_of,
)
from compute_router.training.sweep.record import Record
from compute_router.training.sweep.replay_orders import Orders

__all__ = ["ArmOutcome", "implied_outcomes", "own_outcome"]


class ArmOutcome(NamedTuple):
    """What one row says of one arm on one problem; `samples` is how many it rests on."""

    arm: str
    accuracy: float
    tokens: float
    prm_tokens: float
    samples: int


def own_outcome(record: Record) -> ArmOutcome:
    """What the row says of its own arm."""
    strategy = strategy_of(record.arm)
    prm_tokens = 0 if strategy is not None and not strategy.needs_prm else record.prm_tokens
    return ArmOutcome(
        canonical(record.arm), float(record.correct is True), _known(record.tokens), _known(prm_tokens), 1
    )


def implied_outcomes(record: Record, named: tuple[str, ...]) -> Iterator[ArmOutcome]:
    """What the row's samples say of every arm that they answer for; `named`: further arms, by their specs.

    Of plain samples it is the exact expectation over subsets. Where the order counts (an arm stops early, or
    samples differ in kind) it is the mean over many orders.
    """
    samples = samples_of(record)
    if samples is None:
        return
    tokens, prm_tokens = _mean_tokens(record), _known(record.prm_tokens) / samples.n
    blocks, orders = Blocks(record.paths), None
    curves: dict[tuple[str, str], Floats] = {}
    for arm in answered_arms(samples, named):
        strategy = sampler_of(arm)
        assert strategy is not None, "samples answer for no other arms"
        if plain_sampler_of(arm) is None:
            orders = orders or Orders(record, greedy=samples.made.sampling.greedy)
            accuracy, spent, n = orders.mean(strategy)
        else:
            chooses = strategy.choosing.select, strategy.choosing.aggregate
            if chooses not in curves:
                curves[chooses] = blocks.accuracy(*chooses)
            if strategy.n >= len(curves[chooses]):
                continue
            accuracy, spent, n = float(curves[chooses][strategy.n]), strategy.n * tokens, strategy.n
        yield ArmOutcome(
            arm, accuracy, spent, n * prm_tokens if isinstance(strategy, BestOfN) else 0.0, samples.n
        )


def _mean_tokens(record: Record) -> float:
    counts = [path.tokens for path in record.paths if path.tokens is not None]
    if len(counts) == len(record.paths):
        return sum(counts) / len(counts)
    return _known(record.tokens) / len(record.paths)


def _known(count: int | None) -> float:
    return math.nan if count is None else float(count)
