"""Simulated sweeps whose truth is known: arms that cross by difficulty, as in the paper.

`python -m research simulation` prints how well fitting and choosing do on them. The outcomes of a problem's
arms are correlated: a latent normal that all arms share, one that the arms of a strategy share, and one of
its own, cut where the arm's accuracy in the problem's bin says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit, ndtri

from compute_router.decide.table import SizeClass
from compute_router.difficulty.bins import EASY_FROM, MEDIUM_FROM, Distribution
from compute_router.training.outcomes.outcome_matrix import Floats, Ints, OutcomeMatrix

__all__ = [
    "RULES",
    "World",
    "crossing",
    "crowded",
    "level",
    "matrix_of",
    "one_hot",
    "paper",
    "sampled",
    "soft_bins",
]

COMMON, FAMILY = 0.6, 0.2
"""Share of the latent variance that all arms of a problem have in common, and arms of one strategy more. On
the public sweeps, separate runs of one model correlate by 0.5 to 0.9 within a third of the problems."""

TOKENS_3 = np.array([250.0, 500.0, 700.0])
"""Tokens of one solution in the easy, medium and hard bin."""
LENGTH_SD = 0.35
"""Spread of the logarithm of a problem's length."""
PASS_3 = np.array([0.85, 0.35, 0.04])
VOTE_3 = np.array([0.92, 0.42, 0.05])
"""Of one sample, and of a vote of four."""
PREDICTED_SD, LEFT_SD = 1.5, 1.5
"""Logits of pass@1: what predictions differ by, and what they leave open."""

RULES: dict[SizeClass, dict[str, tuple[float, float, float]]] = {
    "<7B": {"best_of_n": (0.99, 0.72, 0.38), "beam": (0.97, 0.92, 0.55), "dvts": (0.965, 0.84, 0.48)},
    "7B-32B": {"best_of_n": (0.96, 0.78, 0.40), "beam": (0.965, 0.84, 0.58), "dvts": (0.99, 0.91, 0.50)},
    "72B+": {"best_of_n": (0.99, 0.93, 0.56), "beam": (0.97, 0.88, 0.50), "dvts": (0.97, 0.89, 0.50)},
}
"""The paper's rule as accuracies in the easy, medium and hard bin: for <7B what can be read off its figure
of a 1B model, the rest of that size and ordered as the rule says (arXiv 2502.06703, section 4)."""

STRATEGIES = {
    "majority": "majority:n={n}",
    "best_of_n": "best_of_n:n={n},select=weighted,aggregate=min",
    "beam": "beam:n={n},m=4,select=weighted,aggregate=last",
    "dvts": "dvts:n={n},m=4,select=weighted,aggregate=last",
}


@dataclass(frozen=True, eq=False)
class World:
    """The truth: `accuracy_A3` of every arm in every bin, `tokens_A3` of the policy model, `prm_A3` of the
    PRM; `family_A` numbers the strategies."""

    arms_A: tuple[str, ...]
    family_A: Ints
    accuracy_A3: Floats
    tokens_A3: Floats
    prm_A3: Floats
    params: int = 3 * 10**9

    def utility_A3(self, price: float) -> Floats:
        """`price`: accuracy a 1,000 tokens."""
        return self.accuracy_A3 - price * (self.tokens_A3 + self.prm_A3) / 1e3


def paper(size: SizeClass, n: int = 16) -> World:
    """The paper's three strategies at one budget, with the accuracies of `RULES`."""
    tops = RULES[size]
    return _world([(name, n, np.array(top)) for name, top in tops.items()])


def crossing(seed: int, *, size: SizeClass = "<7B", jitter: float = 0.05) -> World:
    """One sample, votes of 4, and the paper's strategies at n = 16. `jitter`, in logits, moves every accuracy
    from world to world."""
    return _world(
        [
            (name, n, _moved(top, jitter, seed + k))
            for k, (name, n, top) in enumerate(
                (
                    ("majority", 1, PASS_3),
                    ("majority", 4, VOTE_3),
                    *((name, 16, np.array(top)) for name, top in RULES[size].items()),
                )
            )
        ]
    )


def crowded(seed: int, *, size: SizeClass = "<7B", jitter: float = 0.1) -> World:
    """Votes and the paper's strategies at n = 1, 4, 16 and 64, most of them near another: each approaches
    its accuracy of `RULES` with the logarithm of n."""
    arms = [("majority", 1, PASS_3)]
    for k, (name, top) in enumerate({"majority": (0.95, 0.55, 0.06), **RULES[size]}.items()):
        at_64 = _moved(np.array(top), jitter, seed + k)
        for n in (4, 16, 64):
            arms.append((name, n, PASS_3 + (at_64 - PASS_3) * (np.log(n) / np.log(64)) ** 0.7))
    return _world(arms)


def _moved(top_3: Floats, jitter: float, seed: int) -> Floats:
    logit_3 = np.log(top_3 / (1 - top_3)) + jitter * np.random.default_rng((seed, 3)).normal(size=3)
    return np.asarray(1 / (1 + np.exp(-logit_3)))


def level(world: World, gap: float = 0.05) -> World:
    """The same arms without an interaction: in every bin the arms stand in the same distances."""
    effect_A = np.linspace(-gap, gap, len(world.arms_A))
    accuracy_A3 = np.clip(np.array([0.75, 0.5, 0.25]) + effect_A[:, None], 0.0, 1.0)
    return replace(world, accuracy_A3=accuracy_A3)


def _world(arms: list[tuple[str, int, Floats]]) -> World:
    families = list(dict.fromkeys(name for name, _, _ in arms))
    tokens_A3 = np.array([n * TOKENS_3 for _, n, _ in arms])
    scored_A = np.array([name != "majority" for name, _, _ in arms])
    return World(
        arms_A=tuple(STRATEGIES[name].format(n=n) for name, n, _ in arms),
        family_A=np.array([families.index(name) for name, _, _ in arms]),
        accuracy_A3=np.array([top for _, _, top in arms]),
        tokens_A3=tokens_A3,
        prm_A3=tokens_A3 * scored_A[:, None],
    )


def one_hot(per_cell: int, seed: int = 0) -> Floats:
    """Bins that are known: so many problems of each, (3 x per_cell, 3)."""
    return np.repeat(np.eye(3), per_cell, axis=0)


def soft_bins(problems: int, seed: int, *, sharpness: float = 1.0) -> Floats:
    """Distributions over the bins as a text gives them: Dirichlet, (P, 3)."""
    return np.random.default_rng((seed, 1)).dirichlet(np.full(3, sharpness), size=problems)


def _right(bin_P: Ints, samples: int, seed: int) -> Floats:
    """Evenly by arcsin(sqrt(pass@1)), in which a binomial share is about equally uncertain."""
    random = np.random.default_rng((seed, 4))
    angle_B = np.arcsin(np.sqrt([1.0, EASY_FROM, MEDIUM_FROM, 0.0]))
    pass_P: Floats = np.sin(random.uniform(angle_B[bin_P + 1], angle_B[bin_P])) ** 2
    return random.binomial(samples, pass_P).astype(np.float64)


def matrix_of(
    world: World, bins_P3: Floats, seed: int, *, samples: int = 0, name: str = "simulated", prm: str = "prm"
) -> OutcomeMatrix:
    """A sweep of the world over problems of which `bins_P3` is known: each is of one bin, drawn from it.
    `samples` of each were graded, with a pass@1 from anywhere in the bin."""
    random = np.random.default_rng((seed, 2))
    problems, arms = len(bins_P3), len(world.arms_A)
    bin_P = (random.random(problems)[:, None] > bins_P3.cumsum(axis=1)).sum(axis=1).clip(0, 2)
    latent_PA = (
        np.sqrt(COMMON) * random.normal(size=(problems, 1))
        + np.sqrt(FAMILY) * random.normal(size=(problems, world.family_A.max() + 1))[:, world.family_A]
        + np.sqrt(1 - COMMON - FAMILY) * random.normal(size=(problems, arms))
    )
    cut_PA = ndtri(np.clip(world.accuracy_A3, 1e-9, 1 - 1e-9)).T[bin_P]
    length_P1 = np.exp(LENGTH_SD * random.normal(size=(problems, 1)) - LENGTH_SD**2 / 2)
    return OutcomeMatrix(
        policy_model=name,
        params=world.params,
        prm=prm,
        prm_params=7 * 10**9,
        problems_P=tuple(f"{seed}-{p}" for p in range(problems)),
        texts_P=(None,) * problems,
        arms_A=world.arms_A,
        accuracy_PA=(latent_PA < cut_PA).astype(float),
        tokens_PA=world.tokens_A3.T[bin_P] * length_P1,
        prm_tokens_PA=world.prm_A3.T[bin_P] * length_P1,
        right_P=_right(bin_P, samples, seed),
        samples_P=np.full(problems, float(samples)),
        source="research.simulation.worlds",
    )


def sampled(problems: int, samples: int, seed: int) -> tuple[OutcomeMatrix, Floats]:
    """A sweep whose first three arms, one sample, the better of two and the best of all, are made of the very
    samples that tell a problem's bin; the fourth was run by itself. Logit pass@1 is normal about what a text
    predicts; (P, 3) are these predictions."""
    random = np.random.default_rng((seed, 5))
    mean_P = random.normal(-1.0, PREDICTED_SD, problems)
    pass_P = expit(random.normal(mean_P, LEFT_SD))
    right_P = random.binomial(samples, pass_P).astype(np.float64)
    wrong_P = samples - right_P
    either_P = 1 - wrong_P * (wrong_P - 1) / (samples * (samples - 1))
    alone_P = (random.random(problems) < 1 - (1 - pass_P) ** 4).astype(np.float64)
    tokens_A = np.array([100.0, 200.0, 100.0 * samples, 400.0])
    matrix = OutcomeMatrix(
        policy_model="simulated",
        params=3 * 10**9,
        prm="prm",
        prm_params=0,
        problems_P=tuple(f"{seed}-{p}" for p in range(problems)),
        texts_P=(None,) * problems,
        arms_A=(
            "majority:n=1",
            *(f"best_of_n:n={n},select=max,aggregate=last" for n in (2, samples)),
            "beam:n=4,m=4",
        ),
        accuracy_PA=np.stack([right_P / samples, either_P, right_P > 0, alone_P], axis=1),
        tokens_PA=np.tile(tokens_A, (problems, 1)),
        prm_tokens_PA=np.zeros((problems, 4)),
        right_P=right_P,
        samples_P=np.full(problems, float(samples)),
        source="research.simulation.worlds",
    )
    bins = [Distribution.of_logit(mean, LEFT_SD) for mean in mean_P.tolist()]
    return matrix, np.array([[one.easy, one.medium, one.hard] for one in bins])
