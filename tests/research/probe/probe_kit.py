"""Problems with samples whose pass@1 is known."""

from __future__ import annotations

import random

from compute_router.difficulty.logistic import logit, sigmoid
from compute_router.training.sweep.record import RecordedPath
from research.probe.sampled_problem import Sampled


def problem(
    name: str,
    answers: list[str | None],
    *,
    values: list[float] | None = None,
    logprobs: list[float] | None = None,
) -> Sampled:
    """The right answer is "yes"; every sample has 100 tokens."""
    first: dict[str, int] = {}
    paths = tuple(
        RecordedPath(
            answer,
            None if answer is None else first.setdefault(answer, i),
            answer == "yes",
            100,
            () if values is None else (values[i],),
            None if logprobs is None else logprobs[i],
        )
        for i, answer in enumerate(answers)
    )
    return Sampled(name, f"problem {name}", "model", 10**9, paths, "a PRM" if values else None, 50.0)


def drawn(
    name: str, p: float, n: int, scatter: float, rng: random.Random, *, prm: float | None = None
) -> Sampled:
    """n samples: right with probability p, wrong answers by Ewens' urn. `prm`: the PRM's log-likelihood ratio
    is that many times logit(value) - 1."""
    answers: list[str | None] = []
    for _ in range(n):
        wrong = [answer for answer in answers if answer != "yes"]
        if rng.random() < p:
            answers.append("yes")
        elif rng.random() < scatter / (scatter + len(wrong)):
            answers.append(f"no {len(answers)}")
        else:
            answers.append(rng.choice(wrong))
    values = None
    if prm is not None:  # N(+-s / 2, s) has the log-likelihood ratio x; logit(value) is (x + 1) / prm
        s = 1.5
        odds = [rng.gauss(s * s / 2 if answer == "yes" else -s * s / 2, s) for answer in answers]
        values = [min(0.99, max(0.01, sigmoid((x + 1) / prm))) for x in odds]
        assert all(abs(logit(value)) < 5 for value in values)
    return problem(name, answers, values=values)
