"""What a strategy makes of samples that are there, in the order given: of arms that stop early too.

Such an arm depends on the order in which its samples come, and one order is one draw. The mean over many
orders of the same samples says more of what the arm is worth than the order in which they happened to come.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any, NamedTuple, TypeAlias

from compute_router.policies import (
    Assess,
    BestOfN,
    Extend,
    Fork,
    Group,
    Limits,
    Majority,
    Outcome,
    Path,
    Score,
    Search,
    Step,
)
from compute_router.training.sweep.record import Record, RecordedPath

__all__ = ["Mean", "Orders", "Replayed", "replay", "sample_path"]

ROUNDS = 2
"""Random orders of a problem, each begun at every one of its samples."""

_LIMITS = Limits()


class Mean(NamedTuple):
    """Over many orders. `tokens`: NaN where a sample's are unknown."""

    accuracy: float
    tokens: float
    samples: float


class Replayed(NamedTuple):
    """How many of the samples were taken, with how many tokens, and which was chosen: its index, None where
    none has an answer."""

    samples: int
    tokens: int
    chosen: int | None


Beginnings: TypeAlias = dict[tuple[int, tuple[int, ...]], Path]
"""Of samples, by (which, lineage): the search meets the same ones again and again, in other orders."""


def replay(
    strategy: Majority | BestOfN,
    paths_N: Sequence[Path],
    votes_N: Sequence[int | None],
    order: Sequence[int],
    beginnings: Beginnings | None = None,
) -> Replayed:
    """`strategy` on samples in this order, of which there are as many as it may take: what its own run would
    have found. `votes_N`: equal where answers are equal, None without one. Of samples made with `backtrack`
    every step is the one that was kept, with the tokens of all its tries. `beginnings`: those known from
    other orders of these samples."""
    known: Beginnings = {} if beginnings is None else beginnings
    if isinstance(strategy, BestOfN):
        strategy = replace(strategy, sampling=replace(strategy.sampling, backtrack=0))

    def sample_of(path: Path, child: int) -> int:
        return order[path.lineage[0] if path.lineage else child]

    def extended(ask: Extend) -> Path:
        """The sample, as far as it was asked for; a part of it with its scores, so that none are asked."""
        at = sample_of(ask.path, ask.key.child)
        sample, had = paths_N[at], len(ask.path.steps_S)
        if ask.until == "end" or had + 1 >= len(sample.steps_S):
            return sample
        lineage = (*ask.path.lineage, ask.key.child)
        if (at, lineage) not in known:
            part = ask.path.grow(ask.key.child, (sample.steps_S[had],), "open")
            known[at, lineage] = part.scored(sample.scores_S[: len(part.steps_S)])
        return known[at, lineage]

    def run(search: Search[Any]) -> Any:
        reply: Any = None
        while True:
            try:
                ask = search.send(reply)
            except StopIteration as end:
                return end.value
            match ask:
                case Fork():
                    reply = tuple(map(run, ask.searches))
                case Extend():
                    reply = extended(ask)
                case Group():
                    reply = tuple(
                        None if answer is None else votes_N[at]
                        for answer, at in zip(ask.answers_N, order, strict=False)
                    )
                case Score():  # what has no scores here stays without
                    scores_S = paths_N[sample_of(ask.path, 0)].scores_S
                    reply = ask.path.scored(scores_S[: len(ask.path.steps_S)])
                case Assess():
                    raise AssertionError("none of these looks at how hard the problem is")

    outcome: Outcome = run(strategy.search(_LIMITS))
    chosen = None if outcome.chosen is None else order[outcome.chosen]
    return Replayed(len(outcome.paths_N), sum(path.n_tokens for path in outcome.paths_N), chosen)


class Orders:
    """The samples of a row in many orders, the same for equal (seed, problem) and for every arm: each sample
    is as often first, second and so on as any other. The first `greedy` paths are none and stay first."""

    def __init__(self, record: Record, *, greedy: int = 0) -> None:
        self._paths_N = [sample_path(at, path) for at, path in enumerate(record.paths)]
        self._votes_N = [path.group for path in record.paths]
        self._right_N = [path.correct is True for path in record.paths]
        self._unknown_N = [math.nan if path.tokens is None else 0.0 for path in record.paths]
        self._beginnings: Beginnings = {}
        self._orders = _orders(len(record.paths), f"{record.seed}/{record.problem_id}", first=greedy)

    def mean(self, strategy: Majority | BestOfN) -> Mean:
        """What an arm of at most N samples is expected to reach. Of equally good groups the one found first
        stands for the answer that sorts first."""
        right = samples = 0
        tokens = 0.0
        for order in self._orders:
            taken = replay(strategy, self._paths_N, self._votes_N, order, self._beginnings)
            right += taken.chosen is not None and self._right_N[taken.chosen]
            samples += taken.samples
            tokens += taken.tokens + sum(self._unknown_N[at] for at in order[: taken.samples])
        return Mean(*(total / len(self._orders) for total in (right, tokens, samples)))


def _orders(n: int, seed: str, first: int = 0) -> list[tuple[int, ...]]:
    """The `first` ones stay where they are."""
    random = Random(seed)
    kept, rest = tuple(range(first)), range(first, n)
    found = []
    for _ in range(ROUNDS):
        order = random.sample(rest, len(rest))
        found += [(*kept, *order[at:], *order[:at]) for at in range(len(rest))]
    return found or [kept]


def sample_path(at: int, path: RecordedPath) -> Path:
    """No text but the answer, in the last step; the scores as they are. Tokens that are not known by step all
    belong to the last."""
    known = () if path.logprob is None else (path.logprob,)
    tokens_S = path.step_tokens or (*(0,) * (len(path.scores) - 1), path.tokens or 0)
    answer = "-" if path.group is None else f"\\boxed{{{path.group}}}"
    texts = [*["-"] * (len(tokens_S) - 1), answer]
    steps = [Step(text, (0,) * tokens, known) for text, tokens in zip(texts, tokens_S, strict=True)]
    return Path((at,), tuple(steps), path.scores, "stop")
