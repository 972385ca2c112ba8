"""Votes over subsets and re-routing without a run: what the searches themselves would have given."""

from __future__ import annotations

import random
from itertools import combinations, permutations
from statistics import fmean

import numpy as np
import pytest
from probe_kit import problem

from compute_router.difficulty import Distribution
from compute_router.difficulty.probe import EWENS, Probe
from compute_router.policies import Assess, Extend, Limits, Outlook, Path, make, spec
from compute_router.policies.reroute import Reroute
from compute_router.training.outcomes.outcome_matrix import OutcomeMatrix
from compute_router.training.subset_expectation import accuracy
from compute_router.training.sweep.record import Record
from research.probe.offline import SPECS, reroute_arms, simulate
from research.probe.sampled_problem import Sampled
from research.probe.votes import after_subset, sizes, winners
from support.drive import World, drive, write

PRIOR = Distribution.of_logit(-0.5, 2.0)
EAGER = Probe(30.0)


def sample(seed: int, n: int, *, values: bool = False) -> Sampled:
    rng = random.Random(seed)
    answers = [rng.choice(["yes", "no", "never", None, "yes"]) for _ in range(n)]
    return problem(f"p{seed}", answers, values=[rng.random() for _ in range(n)] if values else None)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("rule", ["vote", "weighted"])
def test_winners_are_those_of_the_exact_expectation(seed: int, rule: str) -> None:
    one = sample(seed, 7, values=True)
    right_T = winners(one.paths_N, weighted=rule == "weighted")
    found = [right_T[sizes(7) == n].mean() for n in range(8)]
    assert found == pytest.approx(list(accuracy(one.paths_N, rule)), abs=1e-9)


def test_the_mean_over_what_may_follow_is_that_of_enumeration() -> None:
    one = sample(4, 6)
    right_T = winners(one.paths_N)
    found = after_subset(right_T, 6, 4)
    for subset in combinations(range(6), 2):
        rest = [i for i in range(6) if i not in subset]
        more = [sum(1 << i for i in (*subset, *two)) for two in combinations(rest, 2)]
        assert found[sum(1 << i for i in subset)] == pytest.approx(fmean(right_T[more]))


def searched(one: Sampled, arm: Reroute, probe: Probe) -> tuple[float, float, float]:
    """Accuracy, samples and scored samples, over every order in which the samples may come."""
    right, taken, judged = [], [], []
    for order in permutations(range(len(one.paths_N))):

        def extend(ask: Extend, order: tuple[int, ...] = order) -> Path:
            said = one.paths_N[order[ask.key.child]].answer
            return write(ask, f"{ask.key.child} " + ("" if said is None else f"\\boxed{{{said}}}"), "stop")

        def score(path: Path, order: tuple[int, ...] = order) -> tuple[float, ...]:
            return one.paths_N[order[path.lineage[0]]].scores or (0.5,)

        def assess(ask: Assess, order: tuple[int, ...] = order) -> Outlook:
            at = [order[path.lineage[0]] for path in ask.paths_N]
            after = probe.update(PRIOR, ask.votes_N, [one.values_N[i] for i in at])
            return Outlook(after.easy, after.medium, after.hard)

        driven = drive(arm.search(Limits()), World(extend, score, assess=assess))
        right.append(float(driven.outcome.answer == "yes"))
        taken.append(len(driven.outcome.paths_N))
        judged.append(sum(path.is_scored for path in driven.outcome.paths_N))
    return fmean(right), fmean(taken), fmean(judged)


@pytest.mark.parametrize(
    "text",
    [
        "reroute:n=4,m=1,probe=2,easy=stop,medium=majority,hard=majority",
        "reroute:n=3,m=1,probe=2,easy=stop,medium=majority,hard=stop",
        "reroute:n=4,m=1,probe=1,easy=stop,medium=best_of_n,hard=best_of_n",
    ],
)
@pytest.mark.parametrize("seed", [1, 2, 5])
def test_it_is_what_the_search_reaches_and_pays(text: str, seed: int) -> None:
    one, arm = sample(seed, 5, values=True), make(text)
    assert isinstance(arm, Reroute)
    found = simulate(one, PRIOR, arm, EAGER)
    right, taken, judged = searched(one, arm, EAGER)
    assert found is not None
    assert found.accuracy == pytest.approx(right)
    assert found.tokens == pytest.approx(100 * taken)
    assert found.prm_tokens == pytest.approx(50 * judged)
    assert found.tokens >= 100 * arm.probe  # the probe is on the bill


def test_too_few_samples_or_no_scores_answer_for_nothing() -> None:
    arm = make("reroute:n=4,m=1,probe=2,easy=stop,medium=majority,hard=best_of_n")
    assert isinstance(arm, Reroute)
    assert simulate(sample(1, 3, values=True), PRIOR, arm) is None
    assert simulate(sample(1, 5), PRIOR, arm) is None
    tree = make("reroute:n=4,m=1,probe=2")
    assert isinstance(tree, Reroute)
    with pytest.raises(ValueError, match="beam"):
        simulate(sample(1, 5), PRIOR, tree)


def matrix(names: list[str], prm: str | None) -> OutcomeMatrix:
    none = np.zeros((len(names), 0))
    zeros = np.zeros(len(names))
    return OutcomeMatrix(
        "model", 10**9, prm, None, tuple(names), (None,) * len(names), (), none, none, none, zeros, zeros
    )


def row(one: Sampled, **changes: object) -> Record:
    fields = {
        "problem_id": one.name, "policy_model": "model", "arm": "majority:n=8", "correct": True,
        "prm_tokens": 0, "paths": one.paths_N,
    }  # fmt: skip
    return Record(**(fields | changes))  # type: ignore[arg-type]


def test_a_matrix_gets_a_column_for_each_arm_that_can_be_had() -> None:
    some = [sample(seed, 8) for seed in range(4)]
    records = [row(one) for one in some[:3]] + [row(some[3], policy_model="other")]
    bins = np.tile([0.3, 0.3, 0.4], (4, 1))
    found = reroute_arms(matrix([one.name for one in some], None), records, bins)
    assert found.arms_A == SPECS
    assert all(spec(make(arm)) == arm for arm in SPECS)
    assert not np.isnan(found.accuracy_PA[:3]).any()
    assert np.isnan(found.accuracy_PA[3]).all()
    assert ((found.tokens_PA[:3] >= 200) & (found.tokens_PA[:3] <= 800)).all()
    assert (found.prm_tokens_PA[:3] == 0).all()
    again = reroute_arms(found, records, bins)
    assert again.arms_A == SPECS
    longer = reroute_arms(
        matrix(["p0"], None), records, bins[:1], specs=["reroute:n=16,m=1,probe=2,medium=stop,hard=stop"]
    )
    assert longer.arms_A == (spec(make("reroute:n=16,m=1,probe=2,medium=stop,hard=stop")),)


def test_an_unfitted_probe_is_the_posterior() -> None:
    arm = make(SPECS[0])
    assert isinstance(arm, Reroute)
    one = sample(3, 8)
    assert simulate(one, PRIOR, arm) == simulate(one, PRIOR, arm, EWENS)
