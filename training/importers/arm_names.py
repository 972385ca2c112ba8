"""The names of arms: the canonical spec where a log's arm is one of ours, else the log's own name."""

from __future__ import annotations

from dataclasses import dataclass

from compute_router.policies import SpecError, from_spec, spec
from compute_router.policies.spec import values_of

__all__ = ["Arm", "named", "sampled", "tree"]


@dataclass(frozen=True, slots=True)
class Arm:
    """An arm's name, how it chooses among its paths, and how many candidates it generates a step (None:
    whole solutions)."""

    name: str
    select: str = "vote"
    aggregate: str = "last"
    candidates: int | None = None


def named(text: str, otherwise: str | None = None) -> Arm:
    """The arm that a spec names; `otherwise` (or the text itself) is the name where it is none of ours."""
    try:
        strategy = from_spec(text)
    except SpecError:
        return Arm(otherwise or text)
    values = values_of(strategy)
    return Arm(
        spec(strategy),
        values.get("select", "vote"),
        values.get("aggregate", "last"),
        values.get("n") if strategy.name in ("beam", "dvts", "rebase") else None,
    )


def sampled(n: int, *, scored: bool) -> Arm:
    """n whole solutions; a single one needs no PRM."""
    return named(f"best_of_n:n={n}" if scored and n > 1 else f"majority:n={n}")


def tree(kind: str, n: int, m: int, otherwise: str) -> Arm:
    """A beam search or DVTS of n candidates, m children a path; where ours cannot be run so, `otherwise`,
    which like the logs' own code weighs votes by the last step's score."""
    arm = named(f"{kind}:n={n},m={m}", otherwise)
    return arm if arm.candidates else Arm(otherwise, "weighted", "last", n)
