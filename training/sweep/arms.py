"""Which arms a sweep runs: the specs of an ARMS file, less those that another one answers for.

An ARMS file has one spec a line, # starts a comment; or it is a YAML list of specs. Samples of one seed are
the same samples in every arm that takes them independently, so best_of_n:n=16 holds majority:n=8 and every
smaller best_of_n, whatever selects and wherever it stops: these are not run, their rows are made of its first
samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from compute_router.errors import InputError
from compute_router.io.strategy_text import strategy_text
from compute_router.policies import BestOfN, Majority, Sampling, SpecError, Strategy, make, spec

__all__ = ["Arm", "choosing", "covers", "drawn", "of_n", "read_arms", "sampling", "whole"]


@dataclass(frozen=True, slots=True)
class Arm:
    """`by`: the spec whose run answers for this one; None where it is run itself."""

    strategy: Strategy
    by: str | None = None

    @property
    def spec(self) -> str:
        return strategy_text(self.strategy)


def read_arms(path: Path) -> tuple[Arm, ...]:
    """The arms of a file in their order, each once. Raises InputError: it cannot be read, names no arm, or
    a spec is wrong (its line and what is wrong)."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the arms file {path} cannot be read: {error}") from error
    lines = _yaml_lines(path, text) if path.suffix.lower() in (".yaml", ".yml") else _lines(text)
    found: dict[str, Strategy] = {}
    for number, given in lines:
        try:
            strategy = make(given)
        except SpecError as error:
            raise InputError(f"{path} line {number}: {error}") from None
        found.setdefault(spec(strategy), strategy)
    if not found:
        raise InputError(f"{path} names no arm: one spec a line is needed, such as majority:n=8")
    return _planned(list(found.values()))


def covers(strategy: Strategy, other: Strategy) -> bool:
    """Whether the samples of one hold all that the other selects from."""
    mine, needed = whole(strategy), choosing(other)
    if mine is None or needed is None or mine.n < needed.n or drawn(mine) != drawn(needed):
        return False
    return isinstance(mine, BestOfN) or isinstance(needed, Majority)


def sampling(strategy: Strategy) -> Majority | BestOfN | None:
    """The strategy, where its n samples are plain ones, independent of each other, and all taken."""
    found = whole(strategy)
    return found if found is not None and found.sampling.is_plain else None


def whole(strategy: Strategy) -> Majority | BestOfN | None:
    """The strategy, where all its n paths are taken, each to its end."""
    if not isinstance(strategy, Majority | BestOfN) or not strategy.stopping.is_never:
        return None
    return None if strategy.sampling.reject or strategy.sampling.prune else strategy


def drawn(strategy: Majority | BestOfN) -> Sampling:
    """How one of its samples is made: only samples that are made alike stand for each other."""
    return replace(strategy.sampling, n=1, prune=0.0)


def of_n(strategy: Majority | BestOfN, n: int) -> Majority | BestOfN:
    """The same strategy with another number of samples."""
    if isinstance(strategy, Majority):
        return replace(strategy, n=n)
    return replace(strategy, sampling=replace(strategy.sampling, n=n))


def choosing(strategy: Strategy) -> Majority | BestOfN | None:
    """The strategy, where it takes independent samples: all n, or until a vote is settled or one is accepted;
    whole, or as far as they are worth it."""
    return strategy if isinstance(strategy, Majority | BestOfN) and not strategy.sampling.reject else None


def _planned(strategies: Sequence[Strategy]) -> tuple[Arm, ...]:
    run: list[Strategy] = []
    # The largest first, those with scores before those without; the order of the file decides the rest.
    for strategy in sorted(strategies, key=_reach, reverse=True):
        if not any(covers(other, strategy) for other in run):
            run.append(strategy)
    return tuple(
        Arm(strategy, None if strategy in run else spec(next(one for one in run if covers(one, strategy))))
        for strategy in strategies
    )


def _reach(strategy: Strategy) -> tuple[int, bool]:
    plain = whole(strategy)
    return (0, False) if plain is None else (plain.n, isinstance(plain, BestOfN))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.split("\n"), 1):
        given = line.partition("#")[0].strip()
        if given:
            yield number, given


def _yaml_lines(path: Path, text: str) -> Iterator[tuple[int, str]]:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise InputError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error
    if root is None:
        return
    if not isinstance(root, yaml.SequenceNode):
        raise InputError(f"{path} must be a list of specs")
    for node in root.value:
        number = node.start_mark.line + 1
        if not isinstance(node, yaml.ScalarNode):
            raise InputError(f"{path} line {number}: a spec is needed, such as majority:n=8")
        yield number, node.value
