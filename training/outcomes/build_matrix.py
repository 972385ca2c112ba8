"""From the rows of sweeps and logs to grids of arms by problems, one for each policy model with each PRM.

A row that sampled N solutions independently (majority, best_of_n without stop or reject) answers for many
arms at once: majority and best-of-n, max and weighted, at n = 1, 2, 4, ... <= N and at every n that some
row of the grid names, as exact expectations (training/subset_expectation/), and those that stop early and
that a row names, as means over orders (replay_orders.py). A row whose first path is the greedy one answers so
for the arms that begin with it. Sampling once is `majority:n=1`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from compute_router.training.outcomes.collect import Sheet
from compute_router.training.outcomes.outcome_matrix import Grid
from compute_router.training.sweep.implied_arms import (
    canonical,
    derived,
    derived_special,
    is_sampled,
    is_special,
    own,
    sampled_of,
    strategy_of,
)
from compute_router.training.sweep.record import Record

__all__ = ["Gathered", "gather", "grids"]

_SOURCES = 8


@dataclass(frozen=True, slots=True)
class Gathered:
    """The grids of some rows; how many rows there were, and how many told nothing (no verdict, and no
    samples that were graded)."""

    grids: tuple[Grid, ...]
    rows: int
    left_out: int


def grids(records: Iterable[Record]) -> list[Grid]:
    """The grids of `gather`."""
    return list(gather(records).grids)


def gather(records: Iterable[Record]) -> Gathered:
    """One grid for each policy model and PRM, in the order of their names; arms and problems as they come.

    Rows of arms that use no PRM join every grid of their policy model, and make one of their own where there
    is no other. What several seeds say of an arm on a problem is averaged; of one seed, what rests on most
    samples counts. Raises RecordError where two problems share an id.
    """
    rows = left_out = 0
    shared: defaultdict[str, list[Record]] = defaultdict(list)
    scored: defaultdict[tuple[str, str | None], list[Record]] = defaultdict(list)
    for record in records:
        rows += 1
        if record.correct is None and not is_sampled(record):
            left_out += 1
        elif _without_prm(record):
            shared[record.policy_model].append(record)
        else:
            scored[record.policy_model, record.prm].append(record)
    alone = [(model, None) for model in shared.keys() - {model for model, _ in scored}]
    keys = sorted([*scored, *alone], key=lambda key: (key[0], key[1] or ""))
    made = tuple(_grid(*key, [*shared.get(key[0], []), *scored.get(key, [])]) for key in keys)
    return Gathered(made, rows, left_out)


def _without_prm(record: Record) -> bool:
    """Whether a PRM had no part in it: not where one of our arms needs one and the log does not name it."""
    if record.prm is not None:
        return False
    strategy = strategy_of(record.arm)
    return strategy is None or not strategy.needs_prm


def _grid(model: str, prm: str | None, records: Sequence[Record]) -> Grid:
    sheet = Sheet()
    named = tuple(dict.fromkeys(canonical(record.arm) for record in records if sampled_of(record.arm)))
    for record in records:
        problem = sheet.problem(record)
        seed = sheet.seed(record)
        answered = []
        if is_sampled(record):
            sheet.sampled(problem, seed, record.paths)
            answered = list(derived(record, named))
        elif is_special(record):
            answered = list(derived_special(record, named))
        for said in answered:
            sheet.say(problem, seed, said)
        if record.correct is not None and all(said.arm != canonical(record.arm) for said in answered):
            sheet.say(problem, seed, own(record))
    accuracy_PA, tokens_PA, prm_tokens_PA = sheet.means()
    right_P, samples_P = sheet.evidence()
    sources = list(dict.fromkeys(record.source for record in records if record.source))
    more = len(sources) - _SOURCES
    return Grid(
        policy_model=model,
        params=next((record.params for record in records if record.params), None),
        prm=prm,
        prm_params=next((r.prm_params for r in records if r.prm == prm and r.prm_params is not None), None),
        problems_P=tuple(sheet.problems),
        texts_P=tuple(sheet.texts),
        arms_A=tuple(sheet.arms),
        accuracy_PA=accuracy_PA,
        tokens_PA=tokens_PA,
        prm_tokens_PA=prm_tokens_PA,
        right_P=right_P,
        samples_P=samples_P,
        source=", ".join(sources[:_SOURCES]) + (f" and {more} more" if more > 0 else ""),
    )
