"""What a sweep's matrices say of difficulty: answers to problems with a text, and answers to others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from compute_router.difficulty import names
from compute_router.difficulty.ability import PolicyModel
from compute_router.policies import Direct
from compute_router.training.difficulty.corpus import Corpus, Floats, Graded, corpus, identity
from compute_router.training.outcomes.outcome_matrix import OutcomeMatrix
from compute_router.training.sweep.implied_arms import strategy_of

__all__ = ["Evidence", "evidence", "model_of"]

_UNKNOWN_SIZE = 7_000_000_000


@dataclass(frozen=True, slots=True)
class Evidence:
    """`texts`: answers to problems whose text is known. `others`: (asked, right) for each model, of problems
    without a text. `models`: by `names.key`."""

    texts: Corpus
    others: dict[str, tuple[Floats, Floats]]
    models: dict[str, PolicyModel]


def model_of(matrix: OutcomeMatrix) -> PolicyModel:
    """The matrix's policy model; where its size is unknown, the size in its name, else 7B."""
    return PolicyModel(matrix.policy_model, matrix.params or names.size(matrix.policy_model) or _UNKNOWN_SIZE)


def evidence(matrices: Sequence[OutcomeMatrix]) -> Evidence:
    """Several matrices of one policy model (with other PRMs) may hold the same samples: of one problem and
    model the row with the most answers is taken, and none is added up."""
    best: dict[tuple[str, str], Graded] = {}
    loose: dict[tuple[str, str], tuple[float, float]] = {}
    for matrix in matrices:
        model = names.key(matrix.policy_model)
        for problem, text, n, k in _answers(matrix):
            if text is None:
                if n > loose.get((model, problem), (0.0, 0.0))[0]:
                    loose[model, problem] = n, k
            else:
                pair = (model, identity(text))
                if pair not in best or n > best[pair].n:
                    best[pair] = Graded(text, model, n, k, "sweep")
    models = {names.key(matrix.policy_model): model_of(matrix) for matrix in matrices}
    others = {}
    for model in models:
        rows = np.array([counts for (name, _), counts in loose.items() if name == model])
        if len(rows):
            others[model] = rows[:, 0], rows[:, 1]
    return Evidence(corpus(best.values()), others, models)


def _answers(matrix: OutcomeMatrix) -> Iterator[tuple[str, str | None, float, float]]:
    """Problem, text, answers and right ones among them. Without plain samples: one answer of the cheapest
    arm, right as often as that arm is."""
    if matrix.samples_P.any():
        n_P, k_P = matrix.samples_P, matrix.right_P
    elif matrix.arms_A:
        k_P = matrix.accuracy_PA[:, _cheapest(matrix)]
        n_P = np.where(np.isnan(k_P), 0.0, 1.0)
    else:
        return
    for problem, text, n, k in zip(
        matrix.problems_P, matrix.texts_P, n_P.tolist(), k_P.tolist(), strict=True
    ):
        if n > 0:
            yield problem, text, n, k


def _cheapest(matrix: OutcomeMatrix) -> int:
    """By tokens where those of every arm are known, else the arm that is least often right: both mean the
    least compute. A direct answer says little of how hard a problem is to who may reason: it comes last."""
    cost_A = _means(matrix.tokens_PA)
    if np.isnan(cost_A).any():
        cost_A = _means(matrix.accuracy_PA)
    direct_A = np.array([isinstance(strategy_of(arm), Direct) for arm in matrix.arms_A])
    return int(np.lexsort((np.where(np.isnan(cost_A), np.inf, cost_A), direct_A))[0])


def _means(values_PA: Floats) -> Floats:
    """The mean of what is known in each column, NaN where nothing is."""
    known = ~np.isnan(values_PA)
    sums, counts = np.where(known, values_PA, 0.0).sum(axis=0), known.sum(axis=0)
    means: Floats = np.divide(sums, counts, out=np.full(len(counts), np.nan), where=counts > 0)
    return means
