"""Patterns on the same trajectories: each must find what the searches find when run alone, or it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import cast

from compute_router.execute.scheduler import Scheduler, SearchJob
from compute_router.grading import Grader
from compute_router.policies import Limits, Outcome, make

from .bound import Work, alone, perfect
from .clock import run
from .ours import SameText, VirtualEngine, VirtualScorer
from .peers import Pattern
from .rig import Rig
from .walk import Walk
from .world import World

__all__ = ["Contest", "Disagreement", "Result"]

LIMITS = Limits(step_tokens=512, path_tokens=8192, steps=40)


class Disagreement(RuntimeError):
    """A pattern found something else than the same searches run one by one: its times mean nothing."""


@dataclass(frozen=True, slots=True)
class Result:
    """One pattern's run. `latency_s` is the mean time from a problem's start to its answer, where known."""

    name: str
    seconds: float
    rig: Rig
    cpu_s: float
    latency_s: float | None = None

    @property
    def policy_busy(self) -> float:
        return self.rig.policy.stats.busy_s / self.seconds

    @property
    def prm_busy(self) -> float:
        return self.rig.prm_busy_s / self.seconds

    @property
    def batch(self) -> float:
        """Sequences that decode side by side, on average while the policy server works."""
        return self.rig.policy.stats.sequence_s / self.rig.policy.stats.busy_s

    @property
    def prm_per_generated(self) -> float:
        return self.rig.prm_computed / self.rig.policy.stats.generated


@dataclass(slots=True)
class Contest:
    """`problems` problems, each searched by `spec`. `outcomes` and T* come from running each alone."""

    spec: str
    problems: int
    seed: int
    world: World
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    work: Work = field(default_factory=Work)
    longest_s: float = 0.0

    def __post_init__(self) -> None:
        for name in self.names:
            [walk] = self.walks([name])
            self.work.add_problem(self.world.root(name))
            self.longest_s = max(self.longest_s, run(alone(Rig(self.world), walk, self.work)))
            assert walk.outcome is not None
            self.outcomes[name] = walk.outcome

    @property
    def names(self) -> list[str]:
        return [f"problem {i}" for i in range(self.problems)]

    @property
    def bounds(self) -> dict[str, float]:
        """T* is the largest of these, in seconds."""
        policy, prm = perfect(self.work, Rig(self.world))
        return {"policy GPU": policy, "PRM GPU": prm, "longest critical path": self.longest_s}

    @property
    def best_s(self) -> float:
        return max(self.bounds.values())

    def walks(self, names: Sequence[str]) -> list[Walk]:
        return [Walk(name, name, make(self.spec).search(LIMITS), self.world, self.seed) for name in names]

    def peer(self, name: str, pattern: Pattern) -> Result:
        """`pattern` on all problems. Raises Disagreement."""
        rig = Rig(self.world, pattern.prm_radix)
        walks = self.walks(self.names)

        async def all_of_them() -> float:
            await pattern.run(rig, walks)
            return asyncio.get_running_loop().time()

        seconds = run(all_of_them())
        self._check(name, {walk.problem_id: walk.outcome for walk in walks})
        return Result(name, seconds, rig, rig.cpu.busy_s)

    def ours(self, slots: int) -> Result:
        """The real scheduler on all problems. Raises Disagreement."""
        rig = Rig(self.world)
        found: dict[str, Outcome | None] = {}
        latencies: list[float] = []

        async def all_of_them() -> float:
            loop = asyncio.get_running_loop()
            engine = VirtualEngine(rig, slots)
            scorer = VirtualScorer(rig)
            async for solved in _real(engine, scorer, self.seed).run(self.jobs()):
                found[solved.job.problem_id] = solved.outcome
                latencies.append(loop.time() - engine.started[solved.job.text])
            return loop.time()

        seconds = run(all_of_them())
        self._check("this scheduler", found)
        return Result("this scheduler", seconds, rig, rig.cpu.busy_s, fmean(latencies))

    def jobs(self) -> list[SearchJob]:
        """Longest first, as far as can be foreseen: the order of router/pipeline.py."""
        names = sorted(self.names, key=self.world.expected, reverse=True)
        return [SearchJob(name, name, make(self.spec).search(LIMITS)) for name in names]

    def wasted(self, slots: int, latency_s: float) -> tuple[float, int]:
        """The real scheduler where every fourth problem has a deadline at half of `latency_s`. Tokens written
        after their cancellation was decided, over all that were written; and how many problems were cut."""
        rig = Rig(self.world)

        async def all_of_them() -> int:
            jobs = [
                replace(job, deadline_s=latency_s / 2) if i % 4 == 0 else job
                for i, job in enumerate(self.jobs())
            ]
            engine = VirtualEngine(rig, slots)
            scorer = VirtualScorer(rig)
            async with engine:
                return sum(
                    [
                        solved.outcome != self.outcomes[solved.job.problem_id]
                        async for solved in _real(engine, scorer, self.seed).run(jobs)
                    ]
                )

        cut = run(all_of_them())
        return rig.policy.stats.unwanted / rig.policy.stats.generated, cut

    def _check(self, name: str, found: dict[str, Outcome | None]) -> None:
        wrong = [key for key, outcome in self.outcomes.items() if found.get(key) != outcome]
        if wrong:
            raise Disagreement(
                f"{name} found something else for {len(wrong)} of {len(self.outcomes)} problems: {wrong[0]}"
            )


def _real(engine: VirtualEngine, scorer: VirtualScorer, seed: int) -> Scheduler:
    return Scheduler(engine, scorer, cast(Grader, SameText()), seed=seed)
