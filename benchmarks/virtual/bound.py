"""T*: the time below which no pattern can solve these trajectories on these two GPUs.

The larger of (a) perfect batching, each GPU for itself: every token that must be written or read is, once,
with ideal reuse of prefixes, in iterations as large as the server's limits allow, none ever idle; and
(b) the longest critical path: the slowest problem alone on idle GPUs, with no client in between.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from compute_router.policies import Extend, Score

from .cost import Pace, batch_limit
from .rig import TAG, Rig, text_of
from .walk import Branch, Walk
from .world import Node

__all__ = ["Work", "alone", "perfect"]


@dataclass(slots=True)
class Work:
    """What the searches need, however they are run: tokens to write, tokens to read once each, and
    the keys and values that attention reads back, summed over tokens (policy) or texts (PRM)."""

    written: int = 0
    prompts: int = 0
    policy_kv: int = 0
    scored: int = 0
    prm_kv: int = 0

    def add_problem(self, root: Node) -> None:
        self.prompts += root.tokens
        self.scored += root.tokens

    def add_step(self, parent: Node, node: Node) -> None:
        context = sum(tokens for _, tokens in text_of(parent))
        self.written += node.tokens
        self.policy_kv += node.tokens * context + node.tokens * (node.tokens + 1) // 2

    def add_score(self, node: Node) -> None:
        self.scored += node.tokens + TAG
        self.prm_kv += sum(tokens for _, tokens in text_of(node, TAG)) - node.tokens - TAG


def perfect(work: Work, rig: Rig) -> tuple[float, float]:
    """Seconds of the policy GPU and of the PRM GPU."""
    limits = rig.policy.limits
    batch = batch_limit(rig.policy.pool, limits, work.policy_kv / work.written)
    return (
        _seconds(rig.policy.pace, work.written / batch, work.policy_kv, work.written + work.prompts),
        _seconds(rig.prm.pace, work.scored / limits.chunk, work.prm_kv, work.scored),
    )


def _seconds(pace: Pace, iterations: float, kv: int, tokens: int) -> float:
    memory = (iterations * pace.model.weight_bytes + pace.model.kv_bytes * kv) / pace.card.bandwidth
    compute = 2 * pace.model.params * tokens / pace.card.flops
    return max(memory, compute) + iterations * pace.overhead_s


async def alone(rig: Rig, walk: Walk, work: Work) -> float:
    """Seconds of one problem on idle GPUs; adds what it needs to `work`."""
    start = asyncio.get_running_loop().time()
    calls: set[asyncio.Task[None]] = set()

    async def call(to: Branch, ask: Extend | Score) -> None:
        if isinstance(ask, Extend):
            parent, child = walk.parent(ask), walk.child(ask)
            work.add_step(parent, child)
            await rig.write(parent, child)
            walk.give(to, walk.grown(ask))
        else:
            node = walk.leaf(ask.path)
            work.add_score(node)
            await rig.read([node])
            walk.give(to, walk.scored(ask.path))

    while walk.outcome is None:
        calls |= {asyncio.create_task(call(*one)) for one in walk.take()}
        done, calls = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    return asyncio.get_running_loop().time() - start
