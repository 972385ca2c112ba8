"""How well tables are fitted and arms chosen where the truth is known.

    python -m research simulation [--tables N]

Prints for each simulated world: in how many cells (bin by price) the chosen arm's true utility is within 0.01
of the best arm's; mean true utility minus that of the best fixed arm that the same data chose; and how many
cell intervals hold the truth. Then three further figures: ten problems a cell that lean on a coarser row,
against that row; what graded samples add to predicted bins; and the strategies that are found where the truth
is the paper's rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np

from compute_router.decide.arm_selection import ArmSelection
from compute_router.decide.price import Price
from compute_router.decide.table import MeasuredRow, SizeClass
from compute_router.difficulty.bins import BINS
from compute_router.policies import make
from compute_router.training.outcomes.outcome_matrix import Floats, OutcomeMatrix
from compute_router.training.tables.fit_row import Key, fitted
from compute_router.training.tables.sample import sample
from research.simulation.worlds import (
    World,
    crossing,
    crowded,
    level,
    matrix_of,
    one_hot,
    paper,
    sampled,
    soft_bins,
)

__all__ = ["PRICES", "Figures", "expecting", "figures", "leaning", "row_of_world", "rule_of", "study"]

PRICES = (0.0, 0.01, 0.03, 0.1)
NEAR = 0.01


@dataclass(frozen=True, slots=True)
class Figures:
    """Means over tables. `near`: share of cells within NEAR of the best; `over_fixed`: utility above the best
    fixed arm's, with its standard error; `covered`: share of intervals that hold the truth."""

    near: float
    over_fixed: float
    over_fixed_se: float
    covered: float


def row_of_world(
    world: World, bins_P3: Floats, seed: int, prior: MeasuredRow | None = None, *, samples: int = 0
) -> MeasuredRow:
    """A row fitted to one sweep of the world, without its frontier. `samples`: graded, of every problem."""
    key = Key(id=f"simulated/{seed}", source="research.simulation.worlds", policy_model="simulated")
    return fitted(sample([matrix_of(world, bins_P3, seed, samples=samples)], [bins_P3]), key, prior)


def figures(
    make_world: Callable[[int], World], make_bins: Callable[[int], Floats], tables: int, samples: int = 0
) -> Figures:
    """`make_world` and `make_bins` (of the sweep's problems) take the number of the table; `samples` as in
    `row_of_world`."""
    near, over, covered = [], [], []
    for seed in range(tables):
        world, bins_P3 = make_world(seed), make_bins(seed)
        row = row_of_world(world, bins_P3, seed, samples=samples)
        judged_B3 = np.unique(bins_P3, axis=0) if _sure(bins_P3) else soft_bins(200, seed + tables)
        for price in PRICES:
            chosen_B, fixed_B, best_B = _utilities(row, world, judged_B3, price)
            near.append((best_B - chosen_B <= NEAR).mean())
            over.append((chosen_B - fixed_B).mean())
        covered += list(_covered(row, world))
    per_table = np.array(over).reshape(tables, len(PRICES)).mean(axis=1)
    return Figures(
        near=float(np.mean(near)),
        over_fixed=float(per_table.mean()),
        over_fixed_se=float(per_table.std() / np.sqrt(tables)),
        covered=float(np.mean(covered)),
    )


def leaning(tables: int, *, per_cell: int, jitter: float) -> tuple[float, float, float]:
    """Mean true utility of a row of `per_cell` problems a cell that leans on three other policy models' of
    200 a cell, of that coarser row itself, and of the row alone."""
    many, few = one_hot(200), one_hot(per_cell)
    means = []
    for table in range(tables):
        worlds = [crossing(100 * table + 10 * k, jitter=jitter) for k in range(4)]
        others = [matrix_of(world, many, 100 * table + k, name=f"{k}") for k, world in enumerate(worlds[:3])]
        key = Key(id="coarser", source="research.simulation.worlds", size="<7B")
        coarser = fitted(sample(others, [many] * 3), key, None)
        rows = [row_of_world(worlds[3], few, 100 * table + 50, prior) for prior in (coarser, None)]
        means.append(
            [
                np.mean([_utilities(row, worlds[3], np.eye(3), price)[0].mean() for price in PRICES])
                for row in (rows[0], coarser, rows[1])
            ]
        )
    leant, alone, unaided = np.mean(means, axis=0).tolist()
    return leant, alone, unaided


def expecting(problems: int, samples: int, tables: int) -> tuple[float, float]:
    """How far what a decision expects of an arm is from what happens to new problems, in fifths by predicted
    difficulty: fitted to the bins as predicted, and after `samples` graded samples of each problem."""
    fresh, judged_P3 = sampled(20_000, samples, tables)
    fifths = np.array_split(np.argsort(judged_P3[:, 0]), 5)
    happens_GA = np.array([fresh.accuracy_PA[some].mean(axis=0) for some in fifths])

    key = Key(id="sampled", source="research.simulation.worlds", policy_model="simulated")

    def error(matrix: OutcomeMatrix, bins_P3: Floats) -> float:
        row = fitted(sample([matrix], [bins_P3]), key, None)
        cells_A3 = np.array([[arm.cell(name).accuracy for name in BINS] for arm in row.arms])
        expected_PA = judged_P3 @ cells_A3.T
        return float(np.abs([expected_PA[some].mean(axis=0) for some in fifths] - happens_GA).mean())

    errors = []
    for table in range(tables):
        matrix, bins_P3 = sampled(problems, samples, table)
        nothing_P = np.zeros(problems)
        ungraded = replace(matrix, right_P=nothing_P, samples_P=nothing_P)
        errors.append((error(ungraded, bins_P3), error(matrix, bins_P3)))
    predicted, measured = np.mean(errors, axis=0).tolist()
    return predicted, measured


def rule_of(size: SizeClass, seed: int, per_cell: int = 500) -> tuple[str, ...]:
    """The strategies that a table fitted to the paper's rule, encoded as a sweep, takes for easy, medium and
    hard problems at a price of 0."""
    row = row_of_world(paper(size), one_hot(per_cell), seed)
    choice = ArmSelection(row, Price(0.0))
    return tuple(make(choice.arms[arm]).name for arm in choice.choose(np.eye(3)).tolist())


def _utilities(
    row: MeasuredRow, world: World, bins_B3: Floats, price: float
) -> tuple[Floats, Floats, Floats]:
    """True expected utility of what is chosen, of the best fixed arm, and of the best arm."""
    choice = ArmSelection(row, Price(price))
    at = np.array([world.arms_A.index(arm) for arm in choice.arms])
    utility_BA = bins_B3 @ world.utility_A3(price).T
    chosen_B = at[choice.choose(bins_B3)]
    fixed_B = utility_BA[:, at[choice.incumbent]]
    return utility_BA[np.arange(len(bins_B3)), chosen_B], fixed_B, utility_BA.max(axis=1)


def _covered(row: MeasuredRow, world: World) -> Iterator[bool]:
    for arm in row.arms:
        truth_3 = world.accuracy_A3[world.arms_A.index(arm.spec)]
        for name, truth in zip(BINS, truth_3.tolist(), strict=True):
            low, high = arm.cell(name).interval
            yield low <= truth <= high


def _unsure(per_cell: int, seed: int) -> Floats:
    return soft_bins(3 * per_cell, seed)


def _sure(bins_P3: Floats) -> bool:
    return bool((bins_P3.max(axis=1) == 1.0).all())


def study(tables: int) -> None:
    """Prints the figures of every world; `tables` are simulated for each line."""
    print(f"{tables} tables a line; prices {', '.join(f'{price:g}' for price in PRICES)} a 1,000 tokens")
    print(f"{'world':<62} within {NEAR}   over best fixed     intervals hold")
    worlds: dict[str, Callable[[int], World]] = {
        "arms cross as in the paper": crossing,
        "the same, 13 arms near each other": crowded,
        "no interaction": lambda seed: level(crossing(seed)),
    }
    for name, world in worlds.items():
        for per_cell in (200, 50, 10):
            for kind, bins, samples in (
                ("known", one_hot, 0),
                ("unsure", _unsure, 0),
                ("unsure, 8 samples", _unsure, 8),
            ):
                found = figures(world, lambda seed, n=per_cell, bins=bins: bins(n, seed), tables, samples)  # type: ignore[misc]
                print(
                    f"{f'{name}, {per_cell} a cell, bins {kind}':<68} {found.near:.3f}   "
                    f"{found.over_fixed:+.4f} +- {found.over_fixed_se:.4f}   {found.covered:.3f}"
                )
    for jitter in (0.05, 0.3, 0.6):
        leant, coarser, alone = leaning(tables, per_cell=10, jitter=jitter)
        print(
            f"10 a cell, policy models {jitter:g} logits apart: leaning {leant:.4f}, "
            f"the coarser row {coarser:.4f}, alone {alone:.4f}"
        )
    for samples in (8, 16):
        for problems in (60, 300, 2000):
            predicted, measured = expecting(problems, samples, min(tables, 30))
            print(
                f"{problems} problems, {samples} samples each: expectations off by {measured:.4f}, "
                f"by predicted bins alone {predicted:.4f}"
            )
    for size in get_args(SizeClass):
        print(f"the paper's rule for {size}: {', '.join(rule_of(size, 0))}")
