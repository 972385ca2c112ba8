"""A policy server and a PRM, fresh for one pattern, and the prefixes that both of them see."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from .client import Cpu
from .cost import H100, POLICY, PRM, Limits
from .forward import Forward
from .gpu import Gpu
from .radix import Segment
from .world import Node, World

__all__ = ["TAG", "Rig", "text_of"]

TAG = 11
"""Tokens that the PRM's chat template adds to each step: a user turn around the step and the assistant's
"+" (RLHFlow/Llama3.1-8B-PRM-Deepseek-Data)."""


def text_of(node: Node, tag: int = 0) -> tuple[Segment, ...]:
    """A path as segments, the problem first; each step with `tag` tokens of template."""
    segments: list[Segment] = []
    at: Node | None = node
    while at is not None:
        segments.append((at.id, at.tokens + (tag if at.parent else 0)))
        at = at.parent
    return tuple(reversed(segments))


@dataclass(slots=True)
class Rig:
    """One H100 for the policy model and one for the PRM. `prm_radix` false: a PRM server that keeps no
    prefixes. `forward` is the PRM of those who run it without a server."""

    world: World
    prm_radix: bool = True
    policy: Gpu = field(init=False)
    prm: Gpu = field(init=False)
    forward: Forward = field(init=False)
    cpu: Cpu = field(init=False)

    def __post_init__(self) -> None:
        self.policy = Gpu(H100, POLICY, Limits())
        self.prm = Gpu(H100, PRM, Limits(), radix=self.prm_radix)
        self.forward = Forward(self.prm.pace)
        self.cpu = Cpu()

    @property
    def prm_computed(self) -> int:
        return self.prm.stats.computed + self.forward.computed

    @property
    def prm_busy_s(self) -> float:
        return self.prm.stats.busy_s + self.forward.busy_s

    async def write(self, parent: Node, child: Node) -> None:
        """`child` written on the policy server."""
        await self.policy.submit(text_of(parent), child.tokens, child.id).done

    async def read(self, nodes: list[Node]) -> None:
        """`nodes` scored on the PRM server, all at once."""
        await asyncio.gather(*(self.prm.submit(text_of(node, TAG)).done for node in nodes))
