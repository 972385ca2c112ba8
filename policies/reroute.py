"""Mid-search re-routing: look at the first samples, then stop or escalate, and reuse what is there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from .ask import Search, assess, fork, group
from .grow import chain
from .limits import Limits
from .path import Path
from .sampling import Sampling, samples
from .select import Outcome, select
from .spec import MAX_N, SpecError, one_of, whole
from .stepwise import DVTS, Beam

__all__ = ["ARMS", "Reroute"]

ARMS = ("stop", "majority", "best_of_n", "beam", "dvts")
"""What may follow the probe."""


@dataclass(frozen=True, slots=True)
class Reroute:
    """`probe` samples first. Their agreement and scores update the distribution over easy / medium / hard,
    and the likeliest bin names what follows: stop, or one of the dearer arms with N in all.

    The samples stay: votes and best-of-N count them among their N; beam search and DVTS take their first
    steps as candidates and their answers as votes.
    """

    name: ClassVar[str] = "reroute"
    needs_prm: ClassVar[bool] = True
    n: int = 16
    m: int = 4
    probe: int = 4
    easy: str = "stop"
    medium: str = "best_of_n"
    hard: str = "beam"

    def __post_init__(self) -> None:
        whole("n", self.n, 1, MAX_N)
        whole("m", self.m, 1, MAX_N)
        whole("probe", self.probe, 1, MAX_N)
        for name in ("easy", "medium", "hard"):
            one_of(name, getattr(self, name), ARMS)
        if self.probe > self.n:
            raise SpecError(f"probe={self.probe} is more than n={self.n}, the samples in all")
        if self.n % self.m:
            raise SpecError(f"m={self.m} does not divide n={self.n}: the search keeps n/m paths")

    def search(self, limits: Limits) -> Search[Outcome]:
        probe = yield from samples(Sampling(self.probe), limits, scored=True)
        votes = yield from group(tuple(path.answer for path in probe))
        outlook = yield from assess(probe, votes)
        arm: str = getattr(self, outlook.label)
        outcome = yield from self._follow(arm, probe, limits)
        return replace(outcome, rerouted=f"{outlook.label} after {self.probe} samples: {arm}")

    def _follow(self, arm: str, probe: tuple[Path, ...], limits: Limits) -> Search[Outcome]:
        if arm in ("beam", "dvts"):
            tree = Beam(self.n, self.m) if arm == "beam" else DVTS(self.n, self.m)
            first_steps = tuple(_first_step(path) for path in probe if path.steps_S)
            paths_N = probe + (yield from tree.paths(limits, first_steps, first_tree=1))  # 0 is the probe's
            return (yield from select(paths_N, tree.select, tree.aggregate))
        paths_N = probe
        if arm != "stop":
            scored = arm == "best_of_n"
            paths_N += yield from fork(
                tuple(
                    chain(i, limits, temperature=limits.temperature, scored=scored)
                    for i in range(self.probe, self.n)
                )
            )
        return (yield from select(paths_N, "weighted" if arm == "best_of_n" else "vote"))


def _first_step(path: Path) -> Path:
    """The path as it was after one step, open again."""
    whole_path = len(path.steps_S) == 1
    return Path(path.lineage, path.steps_S[:1], path.scores_S[:1], path.finish if whole_path else "open")
