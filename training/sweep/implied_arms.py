"""Which arms a set of samples answers for. It is decided here alone.

Samples of one seed are the same samples in every arm that makes them alike. So those of best_of_n:n=16 answer
for majority:n=8 and for every smaller best_of_n, whatever chooses and wherever it stops.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeAlias

from compute_router.policies import (
    BestOfN,
    Choosing,
    Majority,
    Sampling,
    SpecError,
    Strategy,
    from_spec,
    spec,
)
from compute_router.training.sweep.record import Record

__all__ = [
    "SampleSet",
    "Sampler",
    "answered_arms",
    "canonical",
    "full_sampler",
    "has_plain_samples",
    "plain_sampler_of",
    "sample_kind",
    "sampler_of",
    "samples_of",
    "strategy_of",
    "with_n",
]

Sampler: TypeAlias = Majority | BestOfN


@dataclass(frozen=True, slots=True)
class SampleSet:
    """Samples of one problem, each written to its end.

    Args:
        made: the strategy that drew them.
        n: how many there are.
        scored: whether a PRM scored any of them.
        by_step: whether scores and tokens are known by step, which `prune` needs.

    >>> SampleSet(Majority(8), 8).answers_for(Majority(4, stop="certain"))
    True
    """

    made: Sampler
    n: int
    scored: bool = True
    by_step: bool = True

    def answers_for(self, strategy: Strategy) -> bool:
        """Whether the samples hold all that the strategy chooses from."""
        needed = _sampler(strategy)
        if needed is None or needed.n > self.n or sample_kind(needed) != sample_kind(self.made):
            return False
        if isinstance(needed, Majority):
            return True
        chooses = isinstance(self.made, BestOfN) and (self.scored or needed.choosing.select == "vote")
        return chooses and (self.by_step or not needed.sampling.prune)


def samples_of(record: Record) -> SampleSet | None:
    """The whole samples of a row; None where it has none, or one with an answer that was not graded."""
    strategy = strategy_of(record.arm)
    made, paths = None if strategy is None else full_sampler(strategy), record.paths
    if made is None or not paths or any(path.group is not None and path.correct is None for path in paths):
        return None
    if not made.sampling.is_plain and len(paths) != made.n:
        return None
    # A sample that failed at once has neither tokens nor scores, and nothing to prune.
    by_step = all((path.step_tokens and path.scores) or path.tokens == 0 for path in paths)
    return SampleSet(made, len(paths), any(path.scores for path in paths), by_step)


def has_plain_samples(record: Record) -> bool:
    """Whether the row has whole samples, independent of each other."""
    samples = samples_of(record)
    return samples is not None and samples.made.sampling.is_plain


@lru_cache(maxsize=256)
def answered_arms(samples: SampleSet, named: tuple[str, ...]) -> tuple[str, ...]:
    """The specs of all arms that the samples answer for.

    Of plain samples these are votes, best-of-n and weighted votes at every power of two, chosen by the
    samples' own aggregate. Then come those of `named` (canonical specs) that they hold.
    """
    arms = [*(_standard_arms(samples) if samples.made.sampling.is_plain else ()), *named]
    strategies = {arm: strategy for arm in arms if (strategy := strategy_of(arm)) is not None}
    return tuple(arm for arm, strategy in strategies.items() if samples.answers_for(strategy))


def _standard_arms(samples: SampleSet) -> list[str]:
    found: list[Strategy] = []
    aggregate = samples.made.choosing.aggregate
    n = 1
    while n <= samples.n:
        found.append(Majority(n))
        if n > 1:
            found += [
                BestOfN(Sampling(n), choosing=Choosing(rule, aggregate)) for rule in ("max", "weighted")
            ]
        n *= 2
    return [spec(strategy) for strategy in found]


@lru_cache(maxsize=4096)
def strategy_of(arm: str) -> Strategy | None:
    """The strategy that an arm's name spells, if it is one of ours."""
    try:
        return from_spec(arm)
    except SpecError:
        return None


@lru_cache(maxsize=4096)
def canonical(arm: str) -> str:
    """One name for one of our arms; a log's own name as it is."""
    strategy = strategy_of(arm)
    return arm if strategy is None else spec(strategy)


def sampler_of(arm: str) -> Sampler | None:
    """The strategy of an arm that samples whole solutions: all n, or until it has seen enough."""
    strategy = strategy_of(arm)
    return None if strategy is None else _sampler(strategy)


@lru_cache(maxsize=4096)
def plain_sampler_of(arm: str) -> Sampler | None:
    """The strategy of an arm that takes all its samples, which are independent of each other."""
    strategy = strategy_of(arm)
    found = None if strategy is None else full_sampler(strategy)
    return found if found is not None and found.sampling.is_plain else None


def full_sampler(strategy: Strategy) -> Sampler | None:
    """The strategy, where it takes all its n samples, each to its end."""
    found = _sampler(strategy)
    return None if found is None or not found.stopping.is_never or found.sampling.prune else found


def _sampler(strategy: Strategy) -> Sampler | None:
    return strategy if isinstance(strategy, Majority | BestOfN) and not strategy.sampling.reject else None


def sample_kind(strategy: Sampler) -> Sampling:
    """How one of its samples is made: only samples that are made alike stand for each other."""
    return replace(strategy.sampling, n=1, prune=0.0)


def with_n(strategy: Sampler, n: int) -> Sampler:
    """The same strategy with another number of samples."""
    if isinstance(strategy, Majority):
        return replace(strategy, n=n)
    return replace(strategy, sampling=replace(strategy.sampling, n=n))
