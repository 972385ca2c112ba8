"""What a sweep shows, as Markdown: the PRM, every arm, the router, by price, by rival and by difficulty.

    python -m research results SWEEP... [--data ../shared/data] [--from LEARNED] [--problems PREFIX]
        [--plot PATH] [--seed N]

Difficulty and table are fitted on the other folds of problems (docs/evaluation.md). They start from a
predictor that has seen no outcome, and from no table. With `--from` they start from what is in LEARNED:
research/data/learned, or what `compute-router train` wrote. LEARNED must not have seen the sweep's problems.
Where it holds a table alone, the predictor is the shipped one. Intervals are of 2,000 resamples of problems.
Sweeps are kept without the texts of other people's problems: `--data` gives them back by id. Without it every
problem has the average difficulty.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from compute_router.decide.price import Price
from compute_router.decide.table import MeasuredRow, Table, load_table
from compute_router.difficulty import load
from compute_router.difficulty.manifest import MANIFEST
from compute_router.io.data_files import data_path
from compute_router.policies import spec
from compute_router.training.difficulty.refit import model_of
from compute_router.training.evaluation.blind import UNSEEING
from compute_router.training.evaluation.crossfit import CrossFitted, crossfitted
from compute_router.training.evaluation.judge import Section, judge
from compute_router.training.evaluation.plot import plot
from compute_router.training.outcomes.build_matrix import build_matrices
from compute_router.training.outcomes.outcome_matrix import OutcomeMatrix
from compute_router.training.prm.prm_report import kinds
from compute_router.training.sweep.implied_arms import plain_sampler_of, with_n
from compute_router.training.sweep.record import Record
from compute_router.training.sweep.sweep_file import Sweep, read_sweep
from research.results.markdown import arms, by_bin, by_price, prm, trees, versus
from research.results.samples import joined, scored
from research.results.tree_search import beside_votes
from research.results.versus import against, at_same_accuracy, at_same_tokens, with_average_budget
from research.workloads.workload import known_problems

__all__ = ["largest", "results", "sections"]

PRICES = tuple(Price(value) for value in (0.0, 0.1, 0.25, 0.5, 1.0))
"""The middle one is that of the shipped table."""


def sections(
    sweeps: Sequence[Sweep], learned: Path | None, seed: int
) -> Iterator[tuple[CrossFitted, Section]]:
    """Every policy model and PRM of the sweeps, cross-fitted and judged."""
    found = [matrix for matrix in (one.comparable() for one in build_matrices(sweeps)) if matrix.problems_P]
    base, priors = load(data_path(UNSEEING).parent), None
    if learned is not None:
        base = load(predictor_of(learned))
        priors = [_row(load_table(learned / "table.json"), matrix) for matrix in found]
    for contest in crossfitted(found, lambda out: base, seed, priors):
        yield contest, judge(contest, PRICES, seed)


def predictor_of(learned: Path) -> Path:
    """The folder of its predictor: the shipped one's where it holds a table alone."""
    return learned if (learned / MANIFEST).exists() else data_path("difficulty/manifest.json").parent


def _row(table: Table, matrix: OutcomeMatrix) -> MeasuredRow | None:
    """What the table has measured of this policy model and PRM."""
    model = model_of(matrix)
    row = table.row(model.name, model.params, matrix.prm or "")
    if isinstance(row, MeasuredRow) and (row.policy_model, row.prm) == (matrix.policy_model, matrix.prm):
        return row
    return None


def largest(arms: Sequence[str]) -> list[str]:
    """Of the arms that take all their samples: for each way to select the one of most samples."""
    most: dict[str, str] = {}
    for arm in arms:
        sampled = plain_sampler_of(arm)
        if sampled is not None:
            rule = spec(with_n(sampled, 1))
            known = plain_sampler_of(most.get(rule, ""))
            if known is None or sampled.n > known.n:
                most[rule] = arm
    return sorted(most.values())


def report(records: Sequence[Record], contest: CrossFitted, section: Section, seed: int) -> Iterator[str]:
    matrix = contest.matrix
    known = sum(text is not None for text in matrix.texts_P)
    yield f"## {matrix.policy_model}, PRM {matrix.prm or 'none'}"
    yield ""
    problems = f"{len(matrix.problems_P)} problems ({known} with their texts)"
    yield f"{problems}, {len(matrix.arms_A)} arms, {contest.mode}."
    rivals = largest(matrix.arms_A)
    mine = [one for one in records if (one.policy_model, one.prm) == (matrix.policy_model, matrix.prm)]
    solved, scores = scored(mine)
    parts = [
        ("The PRM", prm(kinds(solved, scores, seed)) if solved else ()),
        ("Fixed arms", arms(section.judged[0])),
        ("By price (accuracy per 1,000 tokens)", by_price(section)),
        ("Against the largest fixed budgets", versus(against(contest, rivals, PRICES, seed))),
        ("At the same accuracy", versus(at_same_accuracy(contest, rivals, seed))),
        ("At the same tokens", versus(at_same_tokens(contest, seed))),
        ("With their tokens as an average budget", versus(with_average_budget(contest, seed))),
        ("By measured difficulty: accuracy, tokens", by_bin(contest, section, rivals)),
    ]
    if beside := beside_votes(mine, seed):
        parts.append(("Tree search beside a vote of as many samples", trees(beside)))
    for title, lines in parts:
        yield f"\n### {title}\n"
        yield from lines
    yield ""


def results(
    sweeps: Sequence[Path],
    *,
    data: Path | None = None,
    problems: str = "",
    learned: Path | None = None,
    plot_to: Path | None = None,
    seed: int = 0,
) -> None:
    """Prints the report of every policy model and PRM of the sweeps.

    Args:
        sweeps: sweep files or directories, which are read as one.
        data: folder with problems/, which gives texts and answers back by id.
        problems: what the ids of the problems to report on begin with.
        learned: predictor and table to start from, which have not seen the problems.
        plot_to: PATH of PATH.svg and PATH.png.
        seed: decides folds and resamples.

    Raises:
        RouterError: a sweep or the table cannot be read, or a plot cannot be made.
        ModelFileError: the predictor cannot be read.
    """
    began = time.monotonic()
    known = {} if data is None else known_problems(data)
    found = []
    for sweep in map(read_sweep, sweeps):
        some = [record for record in sweep.records if record.problem_id.startswith(problems)]
        found.append(replace(sweep, records=joined(some, known)))
    records = [record for sweep in found for record in sweep.records]
    judged = list(sections(found, learned, seed))
    for contest, section in judged:
        print("\n".join(report(records, contest, section, seed)))
    if plot_to is not None:
        for path in plot([section for _, section in judged], plot_to):
            print(f"wrote {path}")
    print(f"{time.monotonic() - began:.0f} s")
