"""From the rows of sweeps and logs to matrices of arms by problems, one for each policy model with each PRM.

A row that sampled N solutions independently (majority, best_of_n without stop or reject) answers for many
arms at once: majority and best-of-n, max and weighted, at n = 1, 2, 4, ... <= N, and every arm that a
manifest or another row names. Which ones is decided in training/sweep/implied_arms.py. Sampling once is
`majority:n=1`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from compute_router.training.outcomes.collect import OutcomeCollector
from compute_router.training.outcomes.outcome_matrix import OutcomeMatrix
from compute_router.training.sweep.implied_arms import canonical, has_plain_samples, sampler_of, strategy_of
from compute_router.training.sweep.implied_outcomes import implied_outcomes, own_outcome
from compute_router.training.sweep.record import Record
from compute_router.training.sweep.sweep_file import Sweep

__all__ = ["build_matrices"]

_SOURCES = 8


def build_matrices(sweeps: Iterable[Sweep]) -> list[OutcomeMatrix]:
    """One matrix for each policy model and PRM.

    Rows of arms that use no PRM join every matrix of their policy model, and make one of their own where
    there is no other. Outcomes of several seeds are averaged; of one seed, what rests on most samples counts.
    Rows that have neither a verdict nor graded samples are left out.

    Args:
        sweeps: their rows are put together. The arms of a sweep are those of its policy models, also where
            rows of another sweep answer for them.

    Returns:
        The matrices in the order of policy model and PRM. Problems are in the order of the rows. So are arms,
        but listed ones that use no PRM come first.

    Raises:
        RecordError: two problems share an id.
    """
    named: defaultdict[str, dict[str, None]] = defaultdict(dict)
    shared: defaultdict[str, list[Record]] = defaultdict(list)
    scored: defaultdict[tuple[str, str | None], list[Record]] = defaultdict(list)
    for sweep in sweeps:
        models = set()
        for record in sweep.records:
            models.add(record.policy_model)
            if record.correct is None and not has_plain_samples(record):
                continue
            if _without_prm(record):
                shared[record.policy_model].append(record)
            else:
                scored[record.policy_model, record.prm].append(record)
        for model in models:
            named[model] |= dict.fromkeys(map(canonical, sweep.arms))
    alone = [(model, None) for model in shared.keys() - {model for model, _ in scored}]
    keys = sorted([*scored, *alone], key=lambda key: (key[0], key[1] or ""))
    return [
        _matrix(model, prm, [*shared.get(model, []), *scored.get((model, prm), [])], named[model])
        for model, prm in keys
    ]


def _without_prm(record: Record) -> bool:
    """Whether a PRM had no part in it: not where one of our arms needs one and the log does not name it."""
    return record.prm is None and not _needs_prm(record.arm)


def _needs_prm(arm: str) -> bool:
    strategy = strategy_of(arm)
    return strategy is not None and strategy.needs_prm


def _matrix(model: str, prm: str | None, records: Sequence[Record], listed: Iterable[str]) -> OutcomeMatrix:
    found = OutcomeCollector()
    arms = dict.fromkeys([*sorted(listed, key=_needs_prm), *(canonical(record.arm) for record in records)])
    named = tuple(arm for arm in arms if sampler_of(arm))
    for record in records:
        problem = found.problem(record)
        seed = found.seed(record)
        if has_plain_samples(record):
            found.add_samples(problem, seed, record.paths)
        implied = list(implied_outcomes(record, named))
        for outcome in implied:
            found.add(problem, seed, outcome)
        if record.correct is not None and all(one.arm != canonical(record.arm) for one in implied):
            found.add(problem, seed, own_outcome(record))
    first = [arm for arm in listed if arm in found.arms and not _needs_prm(arm)]
    accuracy_PA, tokens_PA, prm_tokens_PA = found.means()
    right_P, samples_P = found.evidence()
    sources = list(dict.fromkeys(record.source for record in records if record.source))
    more = len(sources) - _SOURCES
    matrix = OutcomeMatrix(
        policy_model=model,
        params=next((record.params for record in records if record.params), None),
        prm=prm,
        prm_params=next((r.prm_params for r in records if r.prm == prm and r.prm_params is not None), None),
        problems_P=tuple(found.problems),
        texts_P=tuple(found.texts),
        arms_A=tuple(found.arms),
        accuracy_PA=accuracy_PA,
        tokens_PA=tokens_PA,
        prm_tokens_PA=prm_tokens_PA,
        right_P=right_P,
        samples_P=samples_P,
        source=", ".join(sources[:_SOURCES]) + (f" and {more} more" if more > 0 else ""),
    )
    return matrix.columns(list(dict.fromkeys([*first, *found.arms])))
