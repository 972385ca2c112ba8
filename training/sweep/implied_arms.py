"""What one row of a sweep says: of its own arm, and of those that its samples answer for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from compute_router.policies import BestOfN, Choosing, Majority, Sampling, SpecError, Strategy, make, spec
from compute_router.training.outcomes.outcome_matrix import Floats
from compute_router.training.subset_expectation import Blocks
from compute_router.training.sweep.arms import choosing, drawn, sampling, whole
from compute_router.training.sweep.record import Record
from compute_router.training.sweep.replay_orders import Reordered

__all__ = [
    "Said",
    "canonical",
    "derived",
    "derived_special",
    "is_sampled",
    "is_special",
    "own",
    "sampled_of",
    "sampling_of",
    "strategy_of",
]


class Said(NamedTuple):
    """What one row says of one arm on one problem; `samples` is how many it rests on."""

    arm: str
    accuracy: float
    tokens: float
    prm_tokens: float
    samples: int


@lru_cache(maxsize=4096)
def strategy_of(arm: str) -> Strategy | None:
    """The strategy an arm's name spells, if it is one of ours."""
    try:
        return make(arm)
    except SpecError:
        return None


@lru_cache(maxsize=4096)
def canonical(arm: str) -> str:
    """One name for one of our arms; a log's own name as it is."""
    strategy = strategy_of(arm)
    return arm if strategy is None else spec(strategy)


@lru_cache(maxsize=4096)
def sampling_of(arm: str) -> Majority | BestOfN | None:
    """The strategy, where its samples are independent of each other and all taken."""
    strategy = strategy_of(arm)
    return None if strategy is None else sampling(strategy)


@lru_cache(maxsize=4096)
def sampled_of(arm: str) -> Majority | BestOfN | None:
    """The strategy, where it takes whole samples: all, or until it has seen enough."""
    strategy = strategy_of(arm)
    return None if strategy is None else choosing(strategy)


def is_sampled(record: Record) -> bool:
    """Whether its paths are plain samples, and those with an answer graded."""
    return bool(record.paths) and sampling_of(record.arm) is not None and _graded(record)


def is_special(record: Record) -> bool:
    """Whether its paths are all whole, not plain samples alone, and those with an answer graded."""
    strategy = strategy_of(record.arm)
    taken = None if strategy is None else whole(strategy)
    if taken is None or taken.sampling.is_plain or len(record.paths) != taken.n:
        return False
    return _graded(record)


def _graded(record: Record) -> bool:
    return all(path.group is None or path.correct is not None for path in record.paths)


def own(record: Record) -> Said:
    """What the row says of its own arm."""
    strategy = strategy_of(record.arm)
    prm_tokens = 0 if strategy is not None and not strategy.needs_prm else record.prm_tokens
    return Said(
        canonical(record.arm), float(record.correct is True), _known(record.tokens), _known(prm_tokens), 1
    )


def derived(record: Record, named: Sequence[str]) -> Iterator[Said]:
    """What the row's samples say of every arm that chooses among so many or fewer."""
    total = len(record.paths)
    sampling = sampling_of(record.arm)
    aggregate = sampling.choosing.aggregate if isinstance(sampling, BestOfN) else None
    tokens = _mean_tokens(record)
    prm_tokens = _known(record.prm_tokens) / total
    scored = any(path.scores for path in record.paths)
    by_step = all(path.step_tokens and path.scores for path in record.paths)
    blocks = Blocks(record.paths)
    reordered: Reordered | None = None
    curves: dict[tuple[str, str], Floats] = {}
    for arm in _arms(total, aggregate, named):
        strategy = sampled_of(arm)
        if strategy is not None and not drawn(strategy).is_plain:
            continue
        chooses = strategy.choosing if isinstance(strategy, BestOfN) else Choosing("vote")
        rule, by = chooses.select, chooses.aggregate
        if isinstance(strategy, BestOfN) and (aggregate is None or (rule != "vote" and not scored)):
            continue
        if isinstance(strategy, BestOfN) and strategy.sampling.prune and not by_step:
            continue
        if strategy is not None and sampling_of(arm) is None:
            reordered = reordered or Reordered(record)
            mean = reordered.mean(strategy)
            paid = mean.samples * prm_tokens if isinstance(strategy, BestOfN) else 0.0
            yield Said(arm, mean.accuracy, mean.tokens, paid, total)
            continue
        if (rule, by) not in curves:
            curves[rule, by] = blocks.accuracy(rule, by)
        n = 0 if strategy is None else strategy.n
        if n < len(curves[rule, by]):
            paid = n * prm_tokens if isinstance(strategy, BestOfN) else 0.0
            yield Said(arm, float(curves[rule, by][n]), n * tokens, paid, total)


def derived_special(record: Record, named: Sequence[str]) -> Iterator[Said]:
    """What such a row says of every named arm whose paths are made alike."""
    mine = sampled_of(record.arm)
    assert mine is not None, "is_special says so"
    prm_tokens = _known(record.prm_tokens) / len(record.paths)
    by_step = all(path.step_tokens and path.scores for path in record.paths)
    reordered = Reordered(record, led=mine.sampling.greedy > 0)
    for arm in dict.fromkeys(named):
        strategy = sampled_of(arm)
        if not isinstance(strategy, BestOfN) or drawn(strategy) != drawn(mine):
            continue
        if strategy.n > len(record.paths):
            continue
        if strategy.sampling.prune and not by_step:
            continue
        mean = reordered.mean(strategy)
        yield Said(arm, mean.accuracy, mean.tokens, mean.samples * prm_tokens, len(record.paths))


@lru_cache(maxsize=256)
def _arms(total: int, aggregate: str | None, named: tuple[str, ...]) -> tuple[str, ...]:
    """The arms that a row of so many samples answers for: at every power of two with the row's own
    aggregate, and those named elsewhere."""
    found: list[Strategy] = []
    n = 1
    while n <= total:
        found.append(Majority(n))
        if aggregate is not None and n > 1:
            found += [
                BestOfN(Sampling(n), choosing=Choosing(rule, aggregate)) for rule in ("max", "weighted")
            ]
        n *= 2
    able = (arm for arm in named if (strategy := sampled_of(arm)) is not None and strategy.n <= total)
    return tuple(dict.fromkeys([*map(spec, found), *able]))


def _mean_tokens(record: Record) -> float:
    counts = [path.tokens for path in record.paths if path.tokens is not None]
    if len(counts) == len(record.paths):
        return sum(counts) / len(counts)
    return _known(record.tokens) / len(record.paths)


def _known(count: int | None) -> float:
    return math.nan if count is None else float(count)
