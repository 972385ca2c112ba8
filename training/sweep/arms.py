"""Which arms a sweep runs: the specs of an ARMS file, less those that another one answers for.

An ARMS file has one spec a line, # starts a comment; or it is a YAML list of specs. An arm that the samples
of another one answer for (implied_arms.py) is not run and has no rows: the sweep's manifest names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from compute_router.errors import InputError
from compute_router.io.strategy_text import strategy_text
from compute_router.policies import BestOfN, SpecError, Strategy, make, spec
from compute_router.training.sweep.implied_arms import SampleSet, full_sampler

__all__ = ["Arm", "read_arms"]


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


def _planned(strategies: Sequence[Strategy]) -> tuple[Arm, ...]:
    run: dict[str, SampleSet | None] = {}

    def answering(strategy: Strategy) -> str | None:
        return next((by for by, held in run.items() if held and held.answers_for(strategy)), None)

    # The largest first, those with scores before those without; the order of the file decides the rest.
    for strategy in sorted(strategies, key=_reach, reverse=True):
        if answering(strategy) is None:
            made = full_sampler(strategy)
            run[spec(strategy)] = None if made is None else SampleSet(made, made.n)
    return tuple(Arm(one, None if spec(one) in run else answering(one)) for one in strategies)


def _reach(strategy: Strategy) -> tuple[int, bool]:
    made = full_sampler(strategy)
    return (0, False) if made is None else (made.n, isinstance(made, BestOfN))


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
