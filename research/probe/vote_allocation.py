"""Votes over a workload at equal average tokens: who gets how many samples, and what that is worth.

A problem may be given any number of samples, n = 1 ... N. Uniform: all the same. By text: from what the text
says. By probe: every problem gets k samples, which are on the bill and vote, and then n - k more, from what
the k look like. Oracle: from true pass@1. Each knows the table only as it is on the other folds: the
mean accuracy of a vote of n by bin (after a probe: by bin and by the sizes of its two largest groups), and
the mean tokens of a sample. Accuracies are exact expectations over all subsets; nothing is drawn.

For a price of a token every problem gets the n of highest expected accuracy less price; a budget lies between
two prices and is met by mixing them. The oracle knows the share of all N samples that are right, and what a
vote of n is worth on the other folds' problems with about that share; since the same samples are voted on,
it is a little too good.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from compute_router.difficulty.bins import EASY_FROM, MEDIUM_FROM
from compute_router.difficulty.posterior import POINTS
from compute_router.training.outcomes.outcome_matrix import Floats, Ints, Mask
from research.probe.trial import Trial
from research.probe.votes import MOST, after_subset, sizes, winners

__all__ = ["Gap", "Workload", "gaps"]

_P = np.array(POINTS)
_BINS = (_P >= EASY_FROM, (_P >= MEDIUM_FROM) & (_P < EASY_FROM), _P < MEDIUM_FROM)
_PRICES = np.concatenate([[0.0], np.geomspace(1e-6, 1e-2, 121), [10.0]])
"""Accuracy a token."""
_NEAR = 0.15
_PRIOR_ROWS = 3.0
"""Rows of the pooled table that stand in for a class of looks, beside its own."""
_DRAWS = 1000
_LEAST_ROOM = 1e-3


@dataclass(frozen=True, eq=False)
class Workload:
    """R rows (problems, or looks at them) whose `share_R` sums to 1 over each of the P problems.
    `accuracy_RA`: of a vote of n samples for n = `n_A`. `expected_RA`: as the one who allocates believes.
    `tokens_R`: of one sample; `believed_R`: as is believed."""

    problem_R: Ints
    share_R: Floats
    n_A: Ints
    accuracy_RA: Floats
    expected_RA: Floats
    tokens_R: Floats
    believed_R: Floats

    def outcomes(self, problems: int) -> tuple[Floats, Floats]:
        """(prices, P): tokens and accuracy of each problem at every price."""
        rows = np.arange(len(self.problem_R))
        found = []
        for price in _PRICES:
            chosen_R = np.argmax(self.expected_RA - price * self.believed_R[:, None] * self.n_A, axis=1)
            tokens_R = self.n_A[chosen_R] * self.tokens_R
            found.append(
                [
                    np.bincount(self.problem_R, self.share_R * value_R, problems)
                    for value_R in (tokens_R, self.accuracy_RA[rows, chosen_R])
                ]
            )
        tokens, accuracy = np.array(found).transpose(1, 0, 2)
        return tokens, accuracy


@dataclass(frozen=True, slots=True)
class Gap:
    """One way of allocating at one budget. `gain` over uniform, `closed`: the share of the oracle's gain, NaN
    where the oracle does not gain beyond chance; 95 % intervals by bootstrap over problems."""

    method: str
    samples: float
    tokens: float
    accuracy: float
    gain: float
    gain_interval: tuple[float, float]
    closed: float
    closed_interval: tuple[float, float]


def gaps(sweeps: Sequence[Sequence[Trial]], samples: int, *, seed: int = 0) -> list[Gap]:
    """The ways at the budget of a vote of `samples` a problem, in every sweep (its trials of any k) by itself
    and then together. A probe of that many or more, which leaves nothing to allocate, is left out; so is a
    sweep whose problems have no more samples than that, no tokens, or too many samples for all subsets."""
    reached = [one for trials in sweeps if (one := _reached(trials, samples, seed)) is not None]
    if not reached:
        return []
    weight = np.array([problems for problems, _, _ in reached], dtype=np.float64)
    weight /= weight.sum()
    tokens = float(weight @ [spent for _, spent, _ in reached])
    ways = [name for name in reached[0][2] if all(name in found for _, _, found in reached)]
    accuracy = {name: weight @ np.array([found[name] for _, _, found in reached]) for name in ways}
    base_D = accuracy["uniform"]
    room_D = accuracy["oracle"] - base_D
    if _interval(room_D[1:])[0] <= 0:
        room_D = np.full_like(room_D, np.nan)
    gains = []
    for name, accuracy_D in accuracy.items():
        gain_D = accuracy_D - base_D
        closed_D = gain_D / np.maximum(room_D, _LEAST_ROOM)
        first, gain, closed = float(accuracy_D[0]), float(gain_D[0]), float(closed_D[0])
        gains.append(
            Gap(name, samples, tokens, first, gain, _interval(gain_D[1:]), closed, _interval(closed_D[1:]))
        )
    return gains


def _reached(trials: Sequence[Trial], samples: int, seed: int) -> tuple[int, float, dict[str, Floats]] | None:
    """Problems, tokens, and (D,) accuracies of each way: the first of all problems, the others of draws."""
    problems = trials[0].problems
    n = len(problems[0].paths_N)
    if not samples < n <= MOST or any(len(one.paths_N) != n or not one.tokens > 0 for one in problems):
        return None
    table = _Table(trials[0])
    ways = {"uniform": table.uniform(samples), "oracle": table.oracle(), "text": table.by_text()}
    for trial in trials:
        if trial.k < samples:
            ways |= {f"{method}, k={trial.k}": table.by_probe(trial, method) for method in ("probe", "both")}
    outcomes = {name: way.outcomes(len(problems)) for name, way in ways.items()}
    draw = np.random.default_rng(seed)
    picks = draw.integers(len(problems), size=(_DRAWS, len(problems)))
    weight_DP = np.stack([np.bincount(pick, minlength=len(problems)) for pick in picks]).astype(np.float64)
    weight_DP = np.concatenate([np.ones((1, len(problems))), weight_DP]) / len(problems)
    budget_D = weight_DP @ outcomes["uniform"][0][0]
    found = {name: _at(outcome, weight_DP, budget_D) for name, outcome in outcomes.items()}
    return len(problems), float(budget_D[0]), found


def _at(outcome: tuple[Floats, Floats], weight_DP: Floats, budget_D: Floats) -> Floats:
    """(D,): accuracy where the tokens meet the budget, between two prices by mixing."""
    tokens_DX, accuracy_DX = (weight_DP @ one.T for one in outcome)
    found = []
    for tokens_X, accuracy_X, budget in zip(tokens_DX, accuracy_DX, budget_D, strict=True):
        order = np.argsort(tokens_X, kind="stable")
        found.append(np.interp(budget, tokens_X[order], accuracy_X[order]))
    return np.array(found)


def _interval(values: Floats) -> tuple[float, float]:
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


class _Table:
    """What votes are worth on the problems of a sweep, and what is known of it from other folds."""

    def __init__(self, trial: Trial) -> None:
        problems = trial.problems
        self._fold_P = trial.fold_P
        self._n = len(problems[0].paths_N)
        self._right_PT = [winners(one.paths_N) for one in problems]
        self._share_P = np.array([np.mean(one.right_N) for one in problems])
        self._tokens_P = np.array([one.tokens for one in problems])
        size_T = sizes(self._n)
        self._n_A = np.arange(1, self._n + 1)
        self._vote_PA = np.array(
            [[right_T[size_T == n].mean() for n in self._n_A] for right_T in self._right_PT]
        )
        right, n = self._share_P * self._n, float(self._n)
        prior_PG = np.full((len(problems), len(_P)), np.nan)
        first = np.unique(trial.seen.looks.problem_L, return_index=True)
        prior_PG[first[0]] = trial.seen.prior_LG[first[1]]
        self._prior_PG = prior_PG
        true_PG = prior_PG * np.exp(right[:, None] * np.log(_P) + (n - right)[:, None] * np.log1p(-_P))
        self._true_PB = _bins(true_PG / true_PG.sum(axis=1, keepdims=True))

    def uniform(self, samples: int) -> Workload:
        at = slice(samples - 1, samples)
        return self._workload(self._n_A[at], self._vote_PA[:, at], self._vote_PA[:, at], self._tokens_P)

    def by_text(self) -> Workload:
        said_PB = _bins(self._prior_PG)
        expected_PA = np.zeros_like(self._vote_PA)
        believed_P = np.zeros(len(expected_PA))
        for here, rest in self._folds():
            weight_BP = self._true_PB[rest].T / np.maximum(self._true_PB[rest].sum(axis=0), 1e-9)[:, None]
            expected_PA[here] = said_PB[here] @ (weight_BP @ self._vote_PA[rest])
            believed_P[here] = said_PB[here] @ (weight_BP @ self._tokens_P[rest])
        return self._workload(self._n_A, self._vote_PA, expected_PA, believed_P)

    def oracle(self) -> Workload:
        expected_PA = np.zeros_like(self._vote_PA)
        believed_P = np.zeros(len(expected_PA))
        for here, rest in self._folds():
            gap_PP = np.abs(self._share_P[here][:, None] - self._share_P[rest])
            weight_PP = np.exp(-0.5 * (gap_PP / _NEAR) ** 2)
            weight_PP /= weight_PP.sum(axis=1, keepdims=True)
            expected_PA[here] = weight_PP @ self._vote_PA[rest]
            believed_P[here] = weight_PP @ self._tokens_P[rest]
        return self._workload(self._n_A, self._vote_PA, expected_PA, believed_P)

    def by_probe(self, trial: Trial, method: str) -> Workload:
        looks, k = trial.seen.looks, trial.k
        n_A = np.arange(k, self._n + 1)
        accuracy_RA = np.empty((len(looks.share_L), len(n_A)))
        for p in np.unique(looks.problem_L):
            after_AT = [after_subset(self._right_PT[p], self._n, int(n)) for n in n_A]
            for row in np.flatnonzero(looks.problem_L == p):
                at = [sum(1 << i for i in subset) for subset in looks.subsets_L[row]]
                accuracy_RA[row] = [after_T[at].mean() for after_T in after_AT]
        said_RB = _bins(trial.after_LG[method])
        expected_RA = np.zeros_like(accuracy_RA)
        believed_R = np.zeros(len(accuracy_RA))
        kind_R = np.unique(looks.top_L2, axis=0, return_inverse=True)[1].reshape(-1)
        fold_R = self._fold_P[looks.problem_L]
        true_RB = self._true_PB[looks.problem_L] * looks.share_L[:, None]
        tokens_R = self._tokens_P[looks.problem_L]
        for fold in np.unique(fold_R):
            here, rest = fold_R == fold, fold_R != fold
            total_B = np.maximum(true_RB[rest].sum(axis=0), 1e-9)
            pooled_BA = (true_RB[rest].T @ accuracy_RA[rest]) / total_B[:, None]
            tokens_B = (true_RB[rest].T @ tokens_R[rest]) / total_B
            believed_R[here] = said_RB[here] @ tokens_B
            for kind in np.unique(kind_R[here]):
                mine, same = here & (kind_R == kind), rest & (kind_R == kind)
                own_BA = true_RB[same].T @ accuracy_RA[same] + _PRIOR_ROWS * pooled_BA
                own_BA = own_BA / (true_RB[same].sum(axis=0) + _PRIOR_ROWS)[:, None]
                expected_RA[mine] = said_RB[mine] @ own_BA
        return Workload(looks.problem_L, looks.share_L, n_A, accuracy_RA, expected_RA, tokens_R, believed_R)

    def _folds(self) -> list[tuple[Mask, Mask]]:
        return [(self._fold_P == fold, self._fold_P != fold) for fold in np.unique(self._fold_P)]

    def _workload(self, n_A: Ints, accuracy_PA: Floats, expected_PA: Floats, believed_P: Floats) -> Workload:
        count = len(accuracy_PA)
        return Workload(
            np.arange(count), np.ones(count), n_A, accuracy_PA, expected_PA, self._tokens_P, believed_P
        )


def _bins(mass_LG: Floats) -> Floats:
    found: Floats = np.stack([mass_LG[:, which].sum(axis=1) for which in _BINS], axis=1)
    return found
